"""A kafka-python client for the compatibility tests: one scenario per run, the result as JSON on standard output."""

import json
import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
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


scenarios = {"create": create, "produce": produce, "group": read_group, "list": listing}
print(json.dumps(scenarios[sys.argv[1]](*sys.argv[3:])))
