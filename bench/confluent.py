"""confluent-kafka (librdkafka) for bench/clients.ts: produces and consumes `count` records, and prints the records per second of both."""

import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

bootstrap, topic, count, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def produce():
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "queue.buffering.max.messages": 100_000})
    value = b"o" * size
    failures = []

    def delivered(error, _message):
        if error is not None:
            failures.append(error)

    producer.produce(topic, value, partition=0, on_delivery=delivered)
    producer.flush(30)
    start = time.monotonic()
    for _ in range(count):
        while True:
            try:
                producer.produce(topic, value, partition=0, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.01)
        producer.poll(0)
    if producer.flush(60) != 0 or failures:
        raise RuntimeError(f"not everything was delivered: {failures[:1]}")
    return count / (time.monotonic() - start)


def consume():
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, 0, 0)])
    seen, start = 0, time.monotonic()
    while seen < count:
        messages = consumer.consume(1000, 10)
        if not messages:
            raise RuntimeError(f"only {seen} records came")
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
        seen += len(messages)
    rate = seen / (time.monotonic() - start)
    consumer.close()
    return rate


print(produce(), consume())
