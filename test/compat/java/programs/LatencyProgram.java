import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Time from send to receipt of one record at a time, in one process: bootstrap, topic (of one partition), records to warm up, records to
 * measure. Prints p50, p99 and p99.9 in microseconds.
 */
public final class LatencyProgram {
    public static void main(String[] args) throws Exception {
        String bootstrap = args[0];
        TopicPartition partition = new TopicPartition(args[1], 0);
        int warmUp = Integer.parseInt(args[2]);
        int measured = Integer.parseInt(args[3]);
        long[] nanoseconds = new long[measured];
        byte[] value = new byte[100];
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                 Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", "0"),
                 new ByteArraySerializer(), new ByteArraySerializer());
             KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                 Map.of("bootstrap.servers", bootstrap, "fetch.min.bytes", "1", "fetch.max.wait.ms", "5000"),
                 new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            producer.send(new ProducerRecord<>(partition.topic(), 0, null, value)).get();
            consumer.assign(List.of(partition));
            consumer.seekToEnd(List.of(partition));
            consumer.position(partition);
            for (int i = 0; i < warmUp + measured; i++) {
                long start = System.nanoTime();
                producer.send(new ProducerRecord<>(partition.topic(), 0, null, value));
                int received = 0;
                while (received == 0) received = consumer.poll(Duration.ofSeconds(10)).count();
                if (received != 1) throw new IllegalStateException(received + " records where one was sent");
                if (i >= warmUp) nanoseconds[i - warmUp] = System.nanoTime() - start;
            }
        }
        Arrays.sort(nanoseconds);
        System.out.printf("%d %d %d%n", at(nanoseconds, 0.5), at(nanoseconds, 0.99), at(nanoseconds, 0.999));
    }

    private static long at(long[] sorted, double quantile) {
        return sorted[Math.min(sorted.length - 1, (int) (sorted.length * quantile))] / 1000;
    }
}
