import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Topics of 100 partitions: bootstrap, `create` or `wait`, partitions. Prints milliseconds until all have a leader, and then the
 * milliseconds of one description of them all.
 */
public final class PartitionsProgram {
    private static final int PARTITIONS_PER_TOPIC = 100;

    public static void main(String[] args) throws Exception {
        int partitions = Integer.parseInt(args[2]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0], "default.api.timeout.ms", "300000",
            "request.timeout.ms", "300000"))) {
            admin.describeCluster().nodes().get();
            long start = System.nanoTime();
            if (args[1].equals("create")) {
                for (int topic = 0; topic < partitions / PARTITIONS_PER_TOPIC; topic++) {
                    admin.createTopics(Set.of(new NewTopic("many-" + topic, Optional.of(PARTITIONS_PER_TOPIC), Optional.empty())))
                        .all().get();
                }
            }
            while (leaders(admin, partitions) < partitions) Thread.sleep(20);
            long ready = System.nanoTime();
            leaders(admin, partitions);
            System.out.printf("%d %d%n", (ready - start) / 1_000_000, (System.nanoTime() - ready) / 1_000_000);
        }
    }

    private static int leaders(Admin admin, int partitions) throws Exception {
        List<String> names = java.util.stream.IntStream.range(0, partitions / PARTITIONS_PER_TOPIC)
            .mapToObj(topic -> "many-" + topic).toList();
        try {
            int leaders = 0;
            for (TopicDescription topic : admin.describeTopics(names).allTopicNames().get().values()) {
                leaders += (int) topic.partitions().stream().filter(p -> p.leader() != null && !p.leader().isEmpty()).count();
            }
            return leaders;
        } catch (java.util.concurrent.ExecutionException e) {
            if (e.getCause() instanceof RetriableException || e.getCause() instanceof UnknownTopicOrPartitionException) return 0;
            throw e;
        }
    }
}
