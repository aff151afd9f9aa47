"""A confluent-kafka (librdkafka) idempotent producer that writes until standard input ends: bootstrap, topic, partitions. A line for each
record that is acknowledged: topic, partition, offset, value."""

import sys
import threading

from confluent_kafka import KafkaException, Producer

bootstrap, topic, partitions = sys.argv[1], sys.argv[2], int(sys.argv[3])
ended = threading.Event()


def await_end_of_input():
    sys.stdin.read()
    ended.set()


def delivered(error, message):
    if error is not None:
        raise KafkaException(error)
    print(message.topic(), message.partition(), message.offset(), message.value().decode(), flush=True)


def failed(error):
    print(error, file=sys.stderr, flush=True)


producer = Producer(
    {
        "bootstrap.servers": bootstrap,
        "enable.idempotence": True,
        "linger.ms": 5,
        # A broker that is stopped keeps its connections; a minute, the default, is only longer.
        "socket.timeout.ms": 3000,
        "error_cb": failed,
    }
)
threading.Thread(target=await_end_of_input, daemon=True).start()
number = 0
while not ended.is_set():
    producer.produce(topic, value=str(number), partition=number % partitions, on_delivery=delivered)
    number += 1
    producer.poll(0.005)
if producer.flush(60) != 0:
    raise RuntimeError("not everything was delivered")
