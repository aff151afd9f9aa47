"""A kafka-python client for the compatibility tests: one scenario per run, the result as JSON on standard output."""

import json
import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import CommitFailedError

bootstrap = sys.argv[2]


def create(topic, partitions):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(topic, int(partitions), 1)])
    admin.close()


def produce(topic, count, codec):
    """Records with keys and headers; answers their partitions and offsets."""
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, compression_type=None if codec == "none" else codec, acks="all", linger_ms=20
    )
    futures = []
    for i in range(int(count)):
        value = f"value-{i} of text that repeats and repeats and repeats"
        futures.append(
            producer.send(topic, key=f"key-{i}".encode(), value=value.encode(), headers=[("index", str(i).encode())])
        )
    producer.flush(30)
    written = [[future.get(30).partition, future.get(30).offset] for future in futures]
    producer.close()
    return written


def seen(record):
    return {
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else record.key.decode(),
        "value": record.value.decode(),
        "headers": {key: value.decode() for key, value in record.headers or []},
    }


def read_group(topic, group, members, count):
    """Members of one group read until together they have `count` records, commit each poll and leave; answers what each read."""
    read = [[] for _ in range(int(members))]
    lock = threading.Lock()
    done = threading.Event()
    failures = []

    def member(index):
        consumer = KafkaConsumer(
            topic,
            bootstrap_servers=bootstrap,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            heartbeat_interval_ms=200,
        )
        try:
            while not done.is_set():
                batches = consumer.poll(200, max_records=20)
                records = [each for batch in batches.values() for each in batch]
                if not records:
                    continue
                try:
                    consumer.commit()
                except CommitFailedError:
                    # The group moved on meanwhile: whoever owns the partitions now reads these again.
                    for partition, batch in batches.items():
                        if partition in consumer.assignment():
                            consumer.seek(partition, batch[0].offset)
                    continue
                with lock:
                    read[index].extend(seen(each) for each in records)
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
    """What the clients see of the cluster."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    partitions = [TopicPartition(topic, partition) for partition in sorted(consumer.partitions_for_topic(topic))]
    ends = consumer.end_offsets(partitions)
    at = consumer.offsets_for_times({partition: int(time.time() * 1000) - 3600_000 for partition in partitions})
    groups = admin.list_groups()
    topics = sorted(consumer.topics())
    nodes = sorted(broker["broker_id"] for broker in admin.describe_cluster()["brokers"])
    consumer.close()
    admin.close()
    members = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    committed = {f"{topic}-{each.partition}": members.committed(each) for each in partitions}
    members.close()
    return {
        "brokers": nodes,
        "topics": topics,
        "end": {f"{topic}-{partition.partition}": offset for partition, offset in ends.items()},
        "byTime": {f"{topic}-{partition.partition}": found and found.offset for partition, found in at.items()},
        "committed": committed,
        "groups": sorted(each["group_id"] if isinstance(each, dict) else each[0] for each in groups),
    }


def transactions(topic):
    """Ten transactions of ten records, every other one aborted; answers what a read_committed consumer sees."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"kafka-python-{topic}")
    producer.init_transactions()
    for transaction in range(10):
        word = "aborted" if transaction % 2 == 1 else "committed"
        producer.begin_transaction()
        for i in range(10):
            producer.send(topic, f"{word}-{transaction}-{i}".encode())
        producer.flush()
        producer.abort_transaction() if word == "aborted" else producer.commit_transaction()
    producer.close()
    return read(topic, 1)[0]


def copy(source, target, group, count):
    """A member of the group copies what it reads in transactions of up to ten records with its offsets; every third is aborted and comes
    again. Answers how many were aborted."""
    consumer = KafkaConsumer(
        source,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=f"kafka-python-{target}")
    producer.init_transactions()
    copied = aborted = attempts = 0
    while copied < int(count):
        batches = consumer.poll(500, max_records=10)
        if not batches:
            continue
        producer.begin_transaction()
        for partition, records in batches.items():
            for record in records:
                producer.send(target, key=record.key, value=record.value, partition=partition.partition)
        offsets = {each: OffsetAndMetadata(consumer.position(each), "", -1) for each in batches}
        producer.send_offsets_to_transaction(offsets, consumer.group_metadata())
        attempts += 1
        if attempts % 3 == 0:
            producer.abort_transaction()
            aborted += 1
            for partition, records in batches.items():
                consumer.seek(partition, records[0].offset)
        else:
            producer.commit_transaction()
            copied += sum(map(len, batches.values()))
    producer.close()
    consumer.close()
    return aborted


def read(topic, partitions):
    """What a read_committed consumer sees of a topic, by partition."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False)
    assigned = [TopicPartition(topic, partition) for partition in range(int(partitions))]
    consumer.assign(assigned)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(assigned)
    values = [[] for _ in assigned]
    deadline = time.time() + 30
    while any(consumer.position(each) < ends[each] for each in assigned):
        if time.time() > deadline:
            raise RuntimeError(f"the end was not reached after {values}")
        for partition, records in consumer.poll(500).items():
            values[partition.partition].extend(record.value.decode() for record in records)
    consumer.close()
    return values


scenarios = {"create": create, "produce": produce, "group": read_group, "list": listing}
scenarios |= {"transactions": transactions, "copy": copy, "read": read}
print(json.dumps(scenarios[sys.argv[1]](*sys.argv[3:])))
