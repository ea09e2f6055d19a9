#!/usr/bin/env python3
"""Trains stages/decide/clearances.dict, the zstd dictionary of decide's local state, on the clearances of a running stack.

Clear declarations of `greenlane generate` first (README.md beside this). What names a version of a model, a list or a policy is
replaced by random digits, so that the dictionary does not count on the versions of the day.

usage: dictionary.py [--size 16384] [--limit 40000] [--output stages/decide/clearances.dict]
"""
import argparse
import os
import random
import re

import zstandard
from confluent_kafka import Consumer, TopicPartition

TOPIC = "gl.clearances"
ID_BYTES = 16
VERSION = re.compile(rb"(?<=[- ])[0-9a-f]{16}|[0-9a-f]{8}\+[0-9a-f]{8}")


def clearances(limit):
    consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BROKERS"], "group.id": "dictionary", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True, "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(TOPIC, 10).topics[TOPIC].partitions
    consumer.assign([TopicPartition(TOPIC, p, 0) for p in partitions])
    left, found = set(partitions), []
    while left and len(found) < limit:
        for message in consumer.consume(5000, 1.0):
            if message.error() is not None:
                left.discard(message.partition())
            elif message.value() is not None and len(message.key()) == ID_BYTES:
                found.append(message.value())
    consumer.close()
    return found


def without_versions(value, dice):
    return VERSION.sub(lambda match: bytes(dice.choice(b"0123456789abcdef") for _ in match.group(0)), value)


def packed_bytes(values, dictionary):
    packer = zstandard.ZstdCompressor(level=1, dict_data=dictionary, write_checksum=False)
    return sum(len(packer.compress(value)) for value in values)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=16384, help="bytes")
    parser.add_argument("--limit", type=int, default=40000, help="clearances")
    parser.add_argument("--output", default="stages/decide/clearances.dict")
    args = parser.parse_args()
    dice = random.Random(1)
    values = clearances(args.limit)
    dice.shuffle(values)
    tenth = len(values) // 10
    held_out, training = values[:tenth], [without_versions(value, dice) for value in values[tenth:]]
    dictionary = zstandard.train_dictionary(args.size, training)
    with open(args.output, "wb") as file:
        file.write(dictionary.as_bytes())
    plain = sum(map(len, held_out))
    print(f"{len(training)} clearances; of {tenth} others {plain / tenth:.0f} bytes become {packed_bytes(held_out, dictionary) / tenth:.0f}")


if __name__ == "__main__":
    main()
