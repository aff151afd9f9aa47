"""A confluent-kafka (librdkafka) client for the compatibility tests: one scenario per run, the result as JSON on standard output."""

import json
import sys
import threading

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

bootstrap = sys.argv[2]


def create(topic, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, int(partitions), 1)])[topic].result(30)


def produce(topic, count, codec):
    """Records with keys and headers by an idempotent producer; answers their partitions and offsets."""
    producer = Producer(
        {"bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True, "linger.ms": 20}
    )
    written = []

    def delivered(error, message):
        if error is not None:
            raise KafkaException(error)
        written.append([message.partition(), message.offset()])

    for i in range(int(count)):
        value = f"value-{i} of text that repeats and repeats and repeats"
        producer.produce(topic, key=f"key-{i}", value=value, headers={"index": str(i)}, on_delivery=delivered)
        producer.poll(0)
    if producer.flush(30) != 0:
        raise RuntimeError("not everything was delivered")
    return written


def seen(message):
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "key": None if message.key() is None else message.key().decode(),
        "value": message.value().decode(),
        "headers": {key: value.decode() for key, value in message.headers() or []},
    }


def read_group(topic, group, members, count, *settings):
    """Members of one group read until together they have `count` records, commit each and leave; answers what each read."""
    read = [[] for _ in range(int(members))]
    lock = threading.Lock()
    done = threading.Event()
    failures = []

    def member(index):
        consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                **dict(setting.split("=") for setting in settings),
            }
        )
        try:
            consumer.subscribe([topic])
            while not done.is_set():
                message = consumer.poll(0.2)
                if message is None:
                    continue
                if message.error():
                    raise KafkaException(message.error())
                try:
                    consumer.commit(message, asynchronous=False)
                except KafkaException:
                    # The group moved on meanwhile: whoever owns the partition now reads this record again.
                    position = TopicPartition(topic, message.partition(), message.offset())
                    if any(each.partition == message.partition() for each in consumer.assignment()):
                        consumer.seek(position)
                    continue
                with lock:
                    read[index].append(seen(message))
                    if sum(map(len, read)) >= int(count):
                        done.set()
        except Exception as error:  # noqa: BLE001 - a thread's failure has to reach the main thread
            failures.append(repr(error))
            done.set()
        finally:
            consumer.close()

    threads = [threading.Thread(target=member, args=[index]) for index in range(int(members))]
    for thread in threads:
        thread.start()
    if not done.wait(60):
        failures.append(f"only {sum(map(len, read))} records were read")
        done.set()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures)
    return read


def listing(topic, group):
    """What the admin client sees."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    metadata = admin.list_topics(timeout=30)
    partitions = [TopicPartition(topic, partition) for partition in metadata.topics[topic].partitions]
    ends = admin.list_offsets({partition: OffsetSpec.latest() for partition in partitions})
    committed = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group, partitions)])[group].result(30)
    groups = admin.list_consumer_groups().result(30).valid
    described = admin.describe_consumer_groups([group])[group].result(30)
    return {
        "brokers": sorted(metadata.brokers),
        "topics": sorted(metadata.topics),
        "end": {f"{topic}-{partition.partition}": future.result(30).offset for partition, future in ends.items()},
        "committed": {f"{topic}-{each.partition}": each.offset for each in committed.topic_partitions},
        "groups": sorted(each.group_id for each in groups),
        "state": described.state.name,
    }


def transactions(topic):
    """Ten transactions of ten records, every other one aborted; answers what a read_committed consumer sees."""
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"confluent-{topic}"})
    producer.init_transactions(30)
    for transaction in range(10):
        word = "aborted" if transaction % 2 == 1 else "committed"
        producer.begin_transaction()
        for i in range(10):
            producer.produce(topic, value=f"{word}-{transaction}-{i}")
        producer.flush(30)
        producer.abort_transaction(30) if word == "aborted" else producer.commit_transaction(30)
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"readers-of-{topic}",
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    values = []
    while True:
        message = consumer.poll(10)
        if message is None:
            raise RuntimeError(f"the end was not reached after {values}")
        if message.error():
            break
        values.append(message.value().decode())
    consumer.close()
    return values


def copy(source, target, group, count):
    """A member of the group copies what it reads in transactions of up to ten records with its offsets; every third is aborted and comes
    again. Answers how many were aborted."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"confluent-{target}"})
    producer.init_transactions(30)
    consumer.subscribe([source])
    copied = aborted = transactions = 0
    while copied < int(count):
        messages = [each for each in consumer.consume(10, 0.5) if each.error() is None]
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            producer.produce(target, key=message.key(), value=message.value(), partition=message.partition())
        transactions += 1
        positions = consumer.position(consumer.assignment())
        producer.send_offsets_to_transaction(
            [each for each in positions if each.offset >= 0], consumer.consumer_group_metadata(), 30
        )
        if transactions % 3 == 0:
            producer.abort_transaction(30)
            aborted += 1
            first = {}
            for message in messages:
                first.setdefault(message.partition(), message.offset())
            for partition, offset in first.items():
                consumer.seek(TopicPartition(source, partition, offset))
        else:
            producer.commit_transaction(30)
            copied += len(messages)
    consumer.close()
    return aborted


def read(topic, partitions):
    """What a read_committed consumer sees of a topic, by partition."""
    settings = {"group.id": f"readers-of-{topic}", "isolation.level": "read_committed", "enable.partition.eof": True}
    consumer = Consumer({"bootstrap.servers": bootstrap, **settings})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(int(partitions))])
    values = [[] for _ in range(int(partitions))]
    ended = 0
    while ended < int(partitions):
        message = consumer.poll(10)
        if message is None:
            raise RuntimeError(f"the end was not reached after {values}")
        if message.error():
            ended += 1
        else:
            values[message.partition()].append(message.value().decode())
    consumer.close()
    return values


scenarios = {"create": create, "produce": produce, "group": read_group, "list": listing, "transactions": transactions}
scenarios |= {"copy": copy, "read": read}
print(json.dumps(scenarios[sys.argv[1]](*sys.argv[3:])))
