#!/bin/sh
# Starts one of Kafka's main classes. OTTLA_KAFKA_CLASSPATH names the jars (a folder with /* is enough); JVM settings for short lives.
here=$(cd "$(dirname "$0")" && pwd)
: "${OTTLA_KAFKA_CLASSPATH:?set it to the jars of Apache Kafka, e.g. .cache/kafka-jars-<hash>/*}"
exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx256m \
  "-Dlog4j2.configurationFile=$here/../host/tools-log4j2.xml" -cp "$OTTLA_KAFKA_CLASSPATH" "$@"
