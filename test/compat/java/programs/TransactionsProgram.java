import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Transactions one after the other: bootstrap, topic, warm-up transactions, transactions, records of each. Prints transactions per
 * second, and the median and the 99th percentile of the time from begin to the end of commit, in microseconds.
 */
public final class TransactionsProgram {
    public static void main(String[] args) throws Exception {
        String topic = args[1];
        int warmUp = Integer.parseInt(args[2]);
        int count = Integer.parseInt(args[3]);
        int records = Integer.parseInt(args[4]);
        long[] nanoseconds = new long[count];
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", args[0], "transactional.id", "bench-" + topic),
                new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            for (int i = 0; i < warmUp; i++) transact(producer, topic, records);
            long start = System.nanoTime();
            for (int i = 0; i < count; i++) {
                long begin = System.nanoTime();
                transact(producer, topic, records);
                nanoseconds[i] = System.nanoTime() - begin;
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            Arrays.sort(nanoseconds);
            System.out.printf("%.1f %d %d%n", count / seconds, nanoseconds[count / 2] / 1000, nanoseconds[count * 99 / 100] / 1000);
        }
    }

    private static void transact(KafkaProducer<byte[], byte[]> producer, String topic, int records) {
        producer.beginTransaction();
        for (int i = 0; i < records; i++) producer.send(new ProducerRecord<>(topic, new byte[100]));
        producer.commitTransaction();
    }
}
