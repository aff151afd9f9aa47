import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Many producers with one record a request: bootstrap, topic, producers, records of each. Each producer sends its next record when the
 * last one is acknowledged. Prints records per second, measured after every producer has had its first answer.
 */
public final class SmallProducersProgram {
    public static void main(String[] args) throws Exception {
        String bootstrap = args[0];
        String topic = args[1];
        int count = Integer.parseInt(args[2]);
        int records = Integer.parseInt(args[3]);
        AtomicReference<Exception> failure = new AtomicReference<>();
        List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", "0", "client.id", "small-" + i,
                    "buffer.memory", "1048576"),
                new ByteArraySerializer(), new ByteArraySerializer());
            producer.send(new ProducerRecord<>(topic, new byte[100])).get();
            producers.add(producer);
        }
        CountDownLatch done = new CountDownLatch(count);
        long start = System.nanoTime();
        for (KafkaProducer<byte[], byte[]> producer : producers) {
            sendNext(producer, topic, new AtomicInteger(records), done, failure);
        }
        done.await();
        double seconds = (System.nanoTime() - start) / 1e9;
        for (KafkaProducer<byte[], byte[]> producer : producers) producer.close();
        if (failure.get() != null) throw failure.get();
        System.out.printf("%.1f%n", count * (double) records / seconds);
    }

    private static void sendNext(KafkaProducer<byte[], byte[]> producer, String topic, AtomicInteger left,
                                 CountDownLatch done, AtomicReference<Exception> failure) {
        if (left.getAndDecrement() == 0) {
            done.countDown();
            return;
        }
        producer.send(new ProducerRecord<>(topic, new byte[100]), (metadata, exception) -> {
            if (exception != null) {
                failure.set(exception);
                done.countDown();
            } else {
                sendNext(producer, topic, left, done, failure);
            }
        });
    }
}
