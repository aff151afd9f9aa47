import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Two producers that write until standard input ends: bootstrap, a topic for the idempotent one, a topic for the transactional one,
 * partitions of each. A line for each record that is acknowledged, or whose transaction is committed: topic, partition, offset, value.
 * Values are never used twice. Those of transactions that were aborted, on purpose or by an error, begin with "aborted".
 */
public final class LoadProgram {
    private static final int RECORDS_PER_TRANSACTION = 5;
    private static volatile boolean isOn = true;
    private static volatile Throwable failure;

    public static void main(String[] args) throws Exception {
        int partitions = Integer.parseInt(args[3]);
        Thread[] threads = {
            start(() -> idempotent(settings(args[0]), args[1], partitions)),
            start(() -> transactional(settings(args[0]), args[2], partitions)),
        };
        awaitEndOfInput();
        isOn = false;
        for (Thread thread : threads) thread.join();
        System.exit(failure == null ? 0 : 1);
    }

    private interface Work {
        void run() throws Exception;
    }

    private static Thread start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable error) {
                error.printStackTrace();
                failure = error;
                System.exit(1);
            }
        });
        thread.start();
        return thread;
    }

    private static void awaitEndOfInput() throws IOException {
        while (System.in.read() != -1) { }
    }

    private static Map<String, Object> settings(String bootstrap) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("acks", "all");
        settings.put("enable.idempotence", true);
        // A broker that is stopped keeps its connections; half a minute, the default, is only longer.
        settings.put("request.timeout.ms", 3000);
        return settings;
    }

    private static KafkaProducer<String, String> producer(Map<String, Object> settings) {
        return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
    }

    private static synchronized void acknowledged(RecordMetadata written, String value) {
        System.out.println(written.topic() + ' ' + written.partition() + ' ' + written.offset() + ' ' + value);
    }

    private static void idempotent(Map<String, Object> settings, String topic, int partitions) throws Exception {
        try (KafkaProducer<String, String> producer = producer(settings)) {
            for (long number = 0; isOn; number++) {
                String value = Long.toString(number);
                producer.send(new ProducerRecord<>(topic, (int) (number % partitions), null, value), (written, error) -> {
                    if (error == null) acknowledged(written, value);
                    else failure = error;
                });
                if (failure != null) throw new IllegalStateException("a record was given up", failure);
                Thread.sleep(5);
            }
        }
    }

    private static void transactional(Map<String, Object> settings, String topic, int partitions) throws Exception {
        settings.put("transactional.id", topic);
        try (KafkaProducer<String, String> producer = producer(settings)) {
            retried(producer::initTransactions);
            for (long number = 0; isOn; number++) {
                boolean commits = number % 4 != 3;
                List<String> values = new ArrayList<>();
                List<Future<RecordMetadata>> written = new ArrayList<>();
                producer.beginTransaction();
                try {
                    for (int index = 0; index < RECORDS_PER_TRANSACTION; index++) {
                        String value = (commits ? "" : "aborted:") + number + ':' + index;
                        values.add(value);
                        written.add(producer.send(new ProducerRecord<>(topic, index % partitions, null, value)));
                    }
                    if (commits) retried(producer::commitTransaction);
                    else retried(producer::abortTransaction);
                } catch (TransactionAborted error) {
                    System.err.println("transaction " + number + " is aborted: " + error.getCause());
                    retried(producer::abortTransaction);
                    continue;
                }
                if (!commits) continue;
                for (int index = 0; index < values.size(); index++) acknowledged(written.get(index).get(), values.get(index));
                Thread.sleep(20);
            }
        }
    }

    private static final class TransactionAborted extends Exception {
        TransactionAborted(Throwable cause) {
            super(cause);
        }
    }

    /** What has timed out is called again, as its documentation asks for; other errors end the transaction, or all. */
    private static void retried(Runnable call) throws TransactionAborted {
        for (;;) {
            try {
                call.run();
                return;
            } catch (TimeoutException error) {
                System.err.println("again: " + error);
            } catch (KafkaException error) {
                throw new TransactionAborted(error);
            }
        }
    }
}
