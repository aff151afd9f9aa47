import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * What the Java clients do with groups and transactions, scenario by scenario. Each prints what the application sees (assignments,
 * listener calls, offsets, the classes of exceptions) and nothing that differs from run to run, so the outputs against two brokers
 * can be compared.
 *
 * <p>Arguments: bootstrap, and optionally the beginning of the names of the scenarios to run.
 */
public final class ClientScenarios {
  private interface Body {
    void run(Scenario scenario) throws Exception;
  }

  /** A step of a scenario that may fail; what it fails with is what is looked at. */
  private interface Step {
    void run() throws Exception;
  }

  private static final Map<String, Body> table = new LinkedHashMap<>();

  /** One run: its clients, which are closed behind it, its topics, and its text. */
  private static final class Scenario implements AutoCloseable {
    final String bootstrap;
    final String name;
    final String protocol;
    final Admin admin;
    final StringBuilder text = new StringBuilder();
    private final List<AutoCloseable> open = new ArrayList<>();

    Scenario(String bootstrap, String name) {
      this.bootstrap = bootstrap;
      this.name = name.replaceAll("[^a-z0-9]+", "-");
      this.protocol = name.contains("(consumer") ? "consumer" : "classic";
      this.admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    void say(String format, Object... values) {
      text.append("  ").append(String.format(format, values)).append('\n');
    }

    String topic(String suffix) {
      return name + "." + suffix;
    }

    String create(String suffix, int partitions) throws Exception {
      admin.createTopics(List.of(new NewTopic(topic(suffix), partitions, (short) 1))).all().get();
      return topic(suffix);
    }

    /** A consumer of the scenario's group; settings are given as name, value, name, value. */
    KafkaConsumer<String, String> consumer(String... settings) {
      return consumerOf(protocol, settings);
    }

    KafkaConsumer<String, String> consumerOf(String groupProtocol, String... settings) {
      Map<String, Object> properties = new HashMap<>();
      properties.put("bootstrap.servers", bootstrap);
      properties.put("group.id", name);
      properties.put("group.protocol", groupProtocol);
      properties.put("auto.offset.reset", "earliest");
      properties.put("enable.auto.commit", "false");
      properties.put("key.deserializer", StringDeserializer.class);
      properties.put("value.deserializer", StringDeserializer.class);
      properties.put("metadata.max.age.ms", "300");
      if (groupProtocol.equals("classic")) {
        properties.put("heartbeat.interval.ms", "200");
        properties.put("session.timeout.ms", "10000");
      }
      for (int i = 0; i < settings.length; i += 2) properties.put(settings[i], settings[i + 1]);
      KafkaConsumer<String, String> consumer = new KafkaConsumer<>(properties);
      open.add(consumer);
      return consumer;
    }

    KafkaProducer<String, String> producer(String... settings) {
      Map<String, Object> properties = new HashMap<>();
      properties.put("bootstrap.servers", bootstrap);
      properties.put("key.serializer", StringSerializer.class);
      properties.put("value.serializer", StringSerializer.class);
      for (int i = 0; i < settings.length; i += 2) properties.put(settings[i], settings[i + 1]);
      KafkaProducer<String, String> producer = new KafkaProducer<>(properties);
      open.add(producer);
      return producer;
    }

    void produce(String topic, int partition, int count) throws Exception {
      KafkaProducer<String, String> producer = producer();
      for (int i = 0; i < count; i++) producer.send(new ProducerRecord<>(topic, partition, null, "value-" + i));
      producer.flush();
    }

    /** Says the class of what the step fails with, or that it did not. */
    void attempt(String what, Step step) {
      say("%s: %s", what, outcome(step));
    }

    @Override
    public void close() {
      for (AutoCloseable each : open) {
        try {
          if (each instanceof KafkaConsumer<?, ?> consumer) consumer.close(CloseOptions.timeout(Duration.ofSeconds(5)));
          else if (each instanceof KafkaProducer<?, ?> producer) producer.close(Duration.ofSeconds(5));
        } catch (Exception e) {
          // A fenced client may complain on its way out.
        }
      }
      admin.close(Duration.ofSeconds(5));
    }
  }

  private static String outcome(Step step) {
    try {
      step.run();
      return "done";
    } catch (ExecutionException e) {
      return e.getCause().getClass().getSimpleName();
    } catch (Exception e) {
      return e.getClass().getSimpleName();
    }
  }

  /** What a listener was told, with the counts of partitions; calls with none are left out, since how many there are is timing. */
  private static final class Calls implements ConsumerRebalanceListener {
    final List<String> seen = new ArrayList<>();

    private void add(String call, Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty()) seen.add(call + " " + partitions.size());
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      add("revoked", partitions);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      add("assigned", partitions);
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      add("lost", partitions);
    }
  }

  /** Polls the consumers in turn until the condition holds; their records are dropped. */
  @SafeVarargs
  private static void pollUntil(BooleanSupplier condition, KafkaConsumer<String, String>... consumers) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(45);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        String assignments = Arrays.stream(consumers).map(each -> each.assignment().toString()).collect(Collectors.joining(" "));
        throw new IllegalStateException("waited in vain: " + assignments);
      }
      for (KafkaConsumer<String, String> consumer : consumers) consumer.poll(Duration.ofMillis(20));
    }
  }

  @SafeVarargs
  private static void pollFor(long milliseconds, KafkaConsumer<String, String>... consumers) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
    pollUntil(() -> System.nanoTime() > end, consumers);
  }

  @SafeVarargs
  private static BooleanSupplier share(int each, KafkaConsumer<String, String>... consumers) {
    return () -> Arrays.stream(consumers).allMatch(consumer -> consumer.assignment().size() == each);
  }

  private static List<String> read(KafkaConsumer<String, String> consumer, int count) {
    List<String> values = new ArrayList<>();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(45);
    while (values.size() < count) {
      if (System.nanoTime() > deadline) throw new IllegalStateException("only " + values);
      for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(50))) values.add(record.value());
    }
    return values;
  }

  /** Each member's partitions, the topic by its last word; the members in the order of what they have. */
  @SafeVarargs
  private static String assignments(KafkaConsumer<String, String>... consumers) {
    return Arrays.stream(consumers).map(consumer -> partitions(consumer.assignment())).sorted().collect(Collectors.joining(" | "));
  }

  private static String partitions(Collection<TopicPartition> partitions) {
    TreeSet<String> names = new TreeSet<>();
    for (TopicPartition each : partitions) names.add(each.topic().replaceAll(".*\\.", "") + "-" + each.partition());
    return String.join(",", names);
  }

  private static String offsets(Map<TopicPartition, OffsetAndMetadata> offsets) {
    TreeMap<String, String> sorted = new TreeMap<>();
    offsets.forEach((partition, offset) -> {
      String value = offset == null ? "none" : offset.offset() + (offset.metadata().isEmpty() ? "" : " " + offset.metadata());
      sorted.put(partitions(Set.of(partition)), value);
    });
    return sorted.toString();
  }

  private static void scenario(String name, Body body) {
    table.put(name, body);
  }

  private static void each(String name, Body body) {
    scenario(name + " (classic)", body);
    scenario(name + " (consumer)", body);
  }

  private static void assignor(String title, String setting, String value) {
    scenario("assignor " + title, s -> {
      String first = s.create("a", 5);
      String second = s.create("b", 3);
      KafkaConsumer<String, String> one = s.consumer(setting, value);
      KafkaConsumer<String, String> two = s.consumer(setting, value);
      one.subscribe(List.of(first, second));
      pollUntil(share(8, one), one);
      two.subscribe(List.of(first, second));
      boolean range = value.toLowerCase().contains("range");
      pollUntil(() -> one.assignment().size() == (range ? 5 : 4) && two.assignment().size() == (range ? 3 : 4)
          || range && one.assignment().size() == 3 && two.assignment().size() == 5, one, two);
      if (range) s.say("%s", assignments(one, two));
      else s.say("%d and %d", one.assignment().size(), two.assignment().size());
      TreeSet<String> all = new TreeSet<>(List.of(partitions(one.assignment()).split(",")));
      all.addAll(List.of(partitions(two.assignment()).split(",")));
      s.say("together %s", all);
      two.close();
      pollUntil(share(8, one), one);
      s.say("alone again %s", assignments(one));
    });
  }

  static {
    String strategy = "partition.assignment.strategy";
    String classes = "org.apache.kafka.clients.consumer.";
    assignor("range (classic)", strategy, classes + "RangeAssignor");
    assignor("round robin (classic)", strategy, classes + "RoundRobinAssignor");
    assignor("sticky (classic)", strategy, classes + "StickyAssignor");
    assignor("cooperative sticky (classic)", strategy, classes + "CooperativeStickyAssignor");
    assignor("range (consumer)", "group.remote.assignor", "range");
    assignor("uniform (consumer)", "group.remote.assignor", "uniform");

    scenario("assignor that nobody knows (consumer)", s -> {
      String topic = s.create("a", 1);
      KafkaConsumer<String, String> one = s.consumer("group.remote.assignor", "no-such");
      one.subscribe(List.of(topic));
      s.attempt("poll", () -> pollFor(5000, one));
    });

    scenario("assignors that have nothing in common (classic)", s -> {
      String topic = s.create("a", 2);
      KafkaConsumer<String, String> one = s.consumer(strategy, classes + "RangeAssignor");
      KafkaConsumer<String, String> two = s.consumer(strategy, classes + "RoundRobinAssignor");
      one.subscribe(List.of(topic));
      pollUntil(share(2, one), one);
      two.subscribe(List.of(topic));
      s.attempt("second", () -> pollFor(5000, two));
      pollFor(300, one);
      s.say("first has %s", assignments(one));
    });

    each("a pattern of the client", s -> {
      s.create("in-1", 1);
      s.create("out", 1);
      KafkaConsumer<String, String> one = s.consumer();
      one.subscribe(Pattern.compile(Pattern.quote(s.name) + "\\.in-.*"));
      pollUntil(share(1, one), one);
      s.say("%s", assignments(one));
      s.create("in-2", 2);
      pollUntil(share(3, one), one);
      s.say("%s", assignments(one));
    });

    each("a pattern of the broker", s -> {
      s.create("in-1", 1);
      s.create("out", 1);
      KafkaConsumer<String, String> one = s.consumer();
      s.attempt("subscribe", () -> {
        one.subscribe(new SubscriptionPattern(s.name + "\\.in-[0-9]+"));
        pollUntil(share(1, one), one);
        s.say("%s", assignments(one));
        KafkaConsumer<String, String> two = s.consumer();
        two.subscribe(new SubscriptionPattern(s.name + "\\.(in-.*|out)"));
        pollUntil(() -> one.assignment().size() == 1 && two.assignment().size() == 1, one, two);
        s.say("%s", assignments(one, two));
        s.create("more", 2);
        one.subscribe(new SubscriptionPattern(s.name + "\\.more"));
        pollUntil(() -> one.assignment().size() == 2 && two.assignment().size() == 2, one, two);
        s.say("%s", assignments(one, two));
      });
    });

    scenario("a pattern of the broker that does not compile (consumer)", s -> {
      KafkaConsumer<String, String> one = s.consumer();
      one.subscribe(new SubscriptionPattern("(a"));
      s.attempt("poll", () -> pollFor(5000, one));
    });

    each("rebalance listeners", s -> {
      String topic = s.create("a", 4);
      Calls first = new Calls();
      Calls second = new Calls();
      KafkaConsumer<String, String> one = s.consumer(strategyOf(s, classes + "RangeAssignor"));
      KafkaConsumer<String, String> two = s.consumer(strategyOf(s, classes + "RangeAssignor"));
      one.subscribe(List.of(topic), first);
      pollUntil(share(4, one), one);
      two.subscribe(List.of(topic), second);
      pollUntil(share(2, one, two), one, two);
      two.close();
      pollUntil(share(4, one), one);
      one.unsubscribe();
      s.say("%s", first.seen);
      s.say("%s", second.seen);
    });

    scenario("rebalance listeners, cooperative sticky (classic)", s -> {
      String topic = s.create("a", 4);
      Calls first = new Calls();
      Calls second = new Calls();
      KafkaConsumer<String, String> one = s.consumer(strategy, classes + "CooperativeStickyAssignor");
      KafkaConsumer<String, String> two = s.consumer(strategy, classes + "CooperativeStickyAssignor");
      one.subscribe(List.of(topic), first);
      pollUntil(share(4, one), one);
      two.subscribe(List.of(topic), second);
      pollUntil(share(2, one, two), one, two);
      two.close();
      pollUntil(share(4, one), one);
      s.say("%s", first.seen);
      s.say("%s", second.seen);
    });

    scenario("from eager to cooperative, member by member (classic)", s -> {
      String topic = s.create("a", 4);
      String both = classes + "CooperativeStickyAssignor," + classes + "RangeAssignor";
      KafkaConsumer<String, String> old = s.consumer(strategy, classes + "RangeAssignor");
      KafkaConsumer<String, String> bridge = s.consumer(strategy, both);
      old.subscribe(List.of(topic));
      pollUntil(share(4, old), old);
      bridge.subscribe(List.of(topic));
      pollUntil(share(2, old, bridge), old, bridge);
      s.say("%s", assignments(old, bridge));
      old.close();
      pollUntil(share(4, bridge), bridge);
      KafkaConsumer<String, String> next = s.consumer(strategy, both);
      next.subscribe(List.of(topic));
      pollUntil(share(2, bridge, next), bridge, next);
      s.say("both %d and %d", bridge.assignment().size(), next.assignment().size());
    });

    each("static members", s -> {
      String topic = s.create("a", 4);
      Calls first = new Calls();
      KafkaConsumer<String, String> one = s.consumer("group.instance.id", "one");
      KafkaConsumer<String, String> two = s.consumer("group.instance.id", "two");
      one.subscribe(List.of(topic), first);
      pollUntil(share(4, one), one);
      two.subscribe(List.of(topic));
      pollUntil(share(2, one, two), one, two);
      String before = assignments(two);
      two.close();
      pollFor(700, one);
      s.say("while the second is away: %d", one.assignment().size());
      KafkaConsumer<String, String> again = s.consumer("group.instance.id", "two");
      again.subscribe(List.of(topic));
      pollUntil(share(2, one, again), one, again);
      s.say("the same partitions as before: %s", before.equals(assignments(again)));
      s.say("%s", first.seen);
      KafkaConsumer<String, String> twin = s.consumer("group.instance.id", "two");
      twin.subscribe(List.of(topic));
      s.attempt("the twin", () -> pollFor(1500, twin));
      s.attempt("the one that was there", () -> {
        pollFor(1500, again);
        again.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0)));
      });
    });

    each("a static member that leaves for good", s -> {
      String topic = s.create("a", 4);
      KafkaConsumer<String, String> one = s.consumer("group.instance.id", "one");
      KafkaConsumer<String, String> two = s.consumer("group.instance.id", "two");
      one.subscribe(List.of(topic));
      two.subscribe(List.of(topic));
      pollUntil(share(2, one, two), one, two);
      two.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP));
      pollUntil(share(4, one), one);
      s.say("%s", assignments(one));
    });

    each("a dynamic member that stays when it closes", s -> {
      String topic = s.create("a", 2);
      KafkaConsumer<String, String> one = s.consumer();
      one.subscribe(List.of(topic));
      pollUntil(share(2, one), one);
      one.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
      var group = s.admin.describeConsumerGroups(List.of(s.name)).all().get().get(s.name);
      s.say("%s with %d", group.groupState(), group.members().size());
    });

    each("wakeups", s -> {
      String topic = s.create("a", 1);
      s.produce(topic, 0, 3);
      KafkaConsumer<String, String> one = s.consumer();
      Calls calls = new Calls();
      one.subscribe(List.of(topic), calls);
      one.wakeup();
      s.attempt("woken before", () -> one.poll(Duration.ofSeconds(20)));
      pollUntil(share(1, one), one);
      one.seekToBeginning(one.assignment());
      s.say("reads %s", read(one, 3));
      Thread waker = new Thread(() -> {
        try {
          Thread.sleep(300);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        one.wakeup();
      });
      waker.start();
      s.attempt("woken while it waits", () -> one.poll(Duration.ofSeconds(20)));
      waker.join();
      one.wakeup();
      s.attempt("woken before a commit", one::commitSync);
      s.attempt("the next commit", one::commitSync);
      s.say("%s", calls.seen);
      // Not asked of the consumer: the classic one answers with what a poll that was woken had asked for before.
      s.say("%s", offsets(s.admin.listConsumerGroupOffsets(s.name).partitionsToOffsetAndMetadata().get()));
    });

    each("commits and positions", s -> {
      String topic = s.create("a", 2);
      s.produce(topic, 0, 10);
      TopicPartition zero = new TopicPartition(topic, 0);
      TopicPartition other = new TopicPartition(topic, 1);
      KafkaConsumer<String, String> one = s.consumer();
      one.subscribe(List.of(topic));
      s.say("%s", read(one, 10));
      one.commitSync(Map.of(zero, new OffsetAndMetadata(4, "half way")));
      s.say("%s", offsets(one.committed(Set.of(zero, other))));
      s.attempt("too much metadata", () -> one.commitSync(Map.of(zero, new OffsetAndMetadata(5, "x".repeat(5000)))));
      s.attempt("a partition that is not there", () ->
          one.commitSync(Map.of(new TopicPartition(s.topic("missing"), 0), new OffsetAndMetadata(5)), Duration.ofSeconds(2)));
      s.attempt("negative", () -> one.commitSync(Map.of(zero, new OffsetAndMetadata(-5))));
      boolean[] called = {false};
      one.commitAsync(Map.of(other, new OffsetAndMetadata(0)), (all, error) -> {
        s.say("async %s", error == null ? "done" : error.getClass().getSimpleName());
        called[0] = true;
      });
      pollUntil(() -> called[0], one);
      one.seek(zero, 7);
      s.say("position %d", one.position(zero));
      one.commitSync();
      s.say("%s", offsets(one.committed(Set.of(zero, other))));
      one.close();
      KafkaConsumer<String, String> next = s.consumer();
      next.subscribe(List.of(topic));
      s.say("resumes with %s", read(next, 3));
      KafkaConsumer<String, String> none = s.consumer("auto.offset.reset", "none", "group.id", s.name + "-none");
      none.subscribe(List.of(topic));
      s.attempt("no offset and no policy", () -> pollFor(10_000, none));
    });

    each("a consumer that forgets to poll", s -> {
      String topic = s.create("a", 2);
      Calls calls = new Calls();
      KafkaConsumer<String, String> slow = s.consumer("max.poll.interval.ms", "1000");
      slow.subscribe(List.of(topic), calls);
      pollUntil(share(2, slow), slow);
      KafkaConsumer<String, String> other = s.consumer();
      other.subscribe(List.of(topic));
      pollUntil(share(2, other), other);
      s.attempt("commit", () -> slow.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0))));
      pollUntil(share(1, slow, other), slow, other);
      s.say("%s", calls.seen);
    });

    each("a member that the administrator removes", s -> {
      String topic = s.create("a", 2);
      Calls calls = new Calls();
      KafkaConsumer<String, String> one = s.consumer("group.instance.id", "one");
      one.subscribe(List.of(topic), calls);
      pollUntil(share(2, one), one);
      // Else an answer about offsets might be the first to tell that the member is gone.
      pollUntil(() -> one.position(new TopicPartition(topic, 0)) == 0 && one.position(new TopicPartition(topic, 1)) == 0, one);
      var removal = new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("one")));
      s.attempt("removal", () -> s.admin.removeMembersFromConsumerGroup(s.name, removal).all().get());
      s.attempt("removal of one that is not there", () -> s.admin.removeMembersFromConsumerGroup(
          s.name, new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("nobody")))).all().get());
      s.attempt("poll", () -> pollUntil(() -> calls.seen.size() >= 3, one));
      s.say("%s", calls.seen);
    });

    each("the administrator and a group at work", s -> {
      String topic = s.create("a", 2);
      TopicPartition zero = new TopicPartition(topic, 0);
      KafkaConsumer<String, String> one = s.consumer("client.id", "worker");
      one.subscribe(List.of(topic));
      pollUntil(share(2, one), one);
      one.commitSync(Map.of(zero, new OffsetAndMetadata(0, "m")));
      var group = s.admin.describeConsumerGroups(List.of(s.name)).all().get().get(s.name);
      s.say("%s %s %s simple=%s", group.groupState(), group.type(), group.partitionAssignor(), group.isSimpleConsumerGroup());
      group.members().forEach(member -> s.say("%s at %s has %s, static=%s", member.clientId(), member.host(),
          partitions(member.assignment().topicPartitions()), member.groupInstanceId().isPresent()));
      for (GroupListing each : s.admin.listGroups().all().get()) {
        if (each.groupId().equals(s.name)) s.say("%s %s %s", each.type(), each.protocol(), each.groupState());
      }
      s.attempt("delete", () -> s.admin.deleteConsumerGroups(List.of(s.name)).all().get());
      s.attempt("alter", () -> s.admin.alterConsumerGroupOffsets(s.name, Map.of(zero, new OffsetAndMetadata(1))).all().get());
      s.attempt("delete offsets", () -> s.admin.deleteConsumerGroupOffsets(s.name, Set.of(zero)).partitionResult(zero).get());
      one.close();
      s.attempt("alter", () -> s.admin.alterConsumerGroupOffsets(s.name, Map.of(zero, new OffsetAndMetadata(1))).all().get());
      s.say("%s", offsets(s.admin.listConsumerGroupOffsets(s.name).partitionsToOffsetAndMetadata().get()));
      s.attempt("delete offsets", () -> s.admin.deleteConsumerGroupOffsets(s.name, Set.of(zero)).partitionResult(zero).get());
      s.attempt("delete", () -> s.admin.deleteConsumerGroups(List.of(s.name)).all().get());
      s.attempt("describe", () -> s.admin.describeConsumerGroups(List.of(s.name)).all().get());
      s.attempt("delete again", () -> s.admin.deleteConsumerGroups(List.of(s.name)).all().get());
    });

    scenario("from classic to consumer and back, member by member", s -> {
      String topic = s.create("a", 4);
      String cooperative = classes + "CooperativeStickyAssignor";
      KafkaConsumer<String, String> old = s.consumerOf("classic", strategy, cooperative);
      old.subscribe(List.of(topic));
      pollUntil(share(4, old), old);
      s.say("%s", s.admin.describeConsumerGroups(List.of(s.name)).all().get().get(s.name).type());
      KafkaConsumer<String, String> next = s.consumerOf("consumer");
      next.subscribe(List.of(topic));
      pollUntil(share(2, old, next), old, next);
      s.say("%s", s.admin.describeConsumerGroups(List.of(s.name)).all().get().get(s.name).type());
      old.close();
      pollUntil(share(4, next), next);
      s.say("%s", assignments(next));
      KafkaConsumer<String, String> back = s.consumerOf("classic", strategy, cooperative);
      back.subscribe(List.of(topic));
      pollUntil(share(2, back, next), back, next);
      next.close();
      pollUntil(share(4, back), back);
      s.say("%s", s.admin.describeConsumerGroups(List.of(s.name)).all().get().get(s.name).type());
    });

    scenario("a static member that changes the protocol", s -> {
      String topic = s.create("a", 2);
      KafkaConsumer<String, String> old = s.consumerOf("classic", "group.instance.id", "one");
      old.subscribe(List.of(topic));
      pollUntil(share(2, old), old);
      old.close();
      KafkaConsumer<String, String> next = s.consumerOf("consumer", "group.instance.id", "one");
      next.subscribe(List.of(topic));
      pollUntil(share(2, next), next);
      s.say("%s", s.admin.describeConsumerGroups(List.of(s.name)).all().get().get(s.name).type());
      next.close();
      KafkaConsumer<String, String> back = s.consumerOf("classic", "group.instance.id", "one");
      back.subscribe(List.of(topic));
      pollUntil(share(2, back), back);
      s.say("%s", s.admin.describeConsumerGroups(List.of(s.name)).all().get().get(s.name).type());
    });

    each("offsets in transactions", s -> {
      String in = s.create("in", 1);
      String out = s.create("out", 1);
      TopicPartition zero = new TopicPartition(in, 0);
      s.produce(in, 0, 30);
      KafkaConsumer<String, String> one = s.consumer("max.poll.records", "10", "isolation.level", "read_committed");
      one.subscribe(List.of(in));
      KafkaProducer<String, String> producer = s.producer("transactional.id", s.name);
      producer.initTransactions();
      int copied = 0;
      boolean aborted = false;
      while (copied < 30) {
        List<String> values = read(one, 1);
        producer.beginTransaction();
        for (String value : values) producer.send(new ProducerRecord<>(out, 0, null, value.toUpperCase()));
        long position = one.position(zero);
        producer.sendOffsetsToTransaction(Map.of(zero, new OffsetAndMetadata(position)), one.groupMetadata());
        if (copied >= 10 && !aborted) {
          producer.abortTransaction();
          aborted = true;
          OffsetAndMetadata committed = one.committed(Set.of(zero)).get(zero);
          s.say("after an abort %d", committed.offset());
          one.seek(zero, committed.offset());
        } else {
          producer.commitTransaction();
          copied += values.size();
        }
      }
      s.say("%s", offsets(one.committed(Set.of(zero))));
      KafkaConsumer<String, String> reader = s.consumer("group.id", s.name + "-reader", "isolation.level", "read_committed");
      reader.subscribe(List.of(out));
      s.say("%s", read(reader, 30));
    });

    each("offsets in transactions by those who may not", s -> {
      String in = s.create("in", 2);
      TopicPartition zero = new TopicPartition(in, 0);
      Map<TopicPartition, OffsetAndMetadata> offset = Map.of(zero, new OffsetAndMetadata(1));
      s.produce(in, 0, 3);
      KafkaConsumer<String, String> one = s.consumer();
      one.subscribe(List.of(in));
      pollUntil(share(2, one), one);
      ConsumerGroupMetadata stale = one.groupMetadata();
      KafkaConsumer<String, String> two = s.consumer();
      two.subscribe(List.of(in));
      pollUntil(share(1, one, two), one, two);
      KafkaProducer<String, String> producer = s.producer("transactional.id", s.name);
      producer.initTransactions();
      producer.beginTransaction();
      // The KIP-848 member may commit with an epoch that is still the one its partitions were assigned in.
      if (s.protocol.equals("classic")) s.attempt("an old generation", () -> producer.sendOffsetsToTransaction(offset, stale));
      else s.attempt("an epoch to come", () -> producer.sendOffsetsToTransaction(offset,
          new ConsumerGroupMetadata(s.name, stale.generationId() + 50, stale.memberId(), Optional.empty())));
      producer.abortTransaction();
      producer.beginTransaction();
      s.attempt("a member that nobody knows", () -> producer.sendOffsetsToTransaction(offset,
          new ConsumerGroupMetadata(s.name, one.groupMetadata().generationId(), "somebody", Optional.empty())));
      producer.abortTransaction();
      producer.beginTransaction();
      s.attempt("an instance that nobody knows", () -> producer.sendOffsetsToTransaction(offset,
          new ConsumerGroupMetadata(s.name, one.groupMetadata().generationId(), one.groupMetadata().memberId(), Optional.of("x"))));
      producer.abortTransaction();
      producer.beginTransaction();
      s.attempt("a member", () -> producer.sendOffsetsToTransaction(offset, one.groupMetadata()));
      producer.commitTransaction();
      // Not asked of the consumer, for the same reason as where polls are woken: the last poll may have ended before its answer came.
      s.say("%s", offsets(s.admin.listConsumerGroupOffsets(s.name, new ListConsumerGroupOffsetsOptions().requireStable(true))
          .partitionsToOffsetAndMetadata().get()));
    });

    scenario("transactional producers", s -> {
      String topic = s.create("a", 1);
      KafkaProducer<String, String> first = s.producer("transactional.id", s.name);
      s.attempt("begin before init", first::beginTransaction);
      first.initTransactions();
      s.attempt("send outside", () -> first.send(new ProducerRecord<>(topic, "outside")).get());
      s.attempt("commit of nothing begun", first::commitTransaction);
      first.beginTransaction();
      s.attempt("begin twice", first::beginTransaction);
      first.send(new ProducerRecord<>(topic, 0, null, "lost")).get();
      KafkaProducer<String, String> second = s.producer("transactional.id", s.name);
      second.initTransactions();
      s.attempt("the first sends", () -> first.send(new ProducerRecord<>(topic, 0, null, "late")).get());
      s.attempt("the first commits", first::commitTransaction);
      s.attempt("the first aborts", first::abortTransaction);
      second.beginTransaction();
      second.commitTransaction();
      second.beginTransaction();
      // Waited for: the producer's EndTxn may overtake a batch that has just been begun (tools/tool-script.ts).
      second.send(new ProducerRecord<>(topic, 0, null, "kept")).get();
      second.commitTransaction();
      second.beginTransaction();
      // Waited for: an abort drops what has not left the client yet.
      second.send(new ProducerRecord<>(topic, 0, null, "dropped")).get();
      second.abortTransaction();
      s.attempt("fence", () -> s.admin.fenceProducers(List.of(s.name)).all().get());
      s.attempt("the fenced", () -> {
        second.beginTransaction();
        second.send(new ProducerRecord<>(topic, 0, null, "fenced")).get();
      });
      KafkaProducer<String, String> hasty = s.producer("transactional.id", s.name + "-hasty", "transaction.timeout.ms", "500");
      hasty.initTransactions();
      hasty.beginTransaction();
      hasty.send(new ProducerRecord<>(topic, 0, null, "too late")).get();
      Thread.sleep(1500);
      s.attempt("after its time", hasty::commitTransaction);
      KafkaProducer<String, String> greedy =
          s.producer("transactional.id", s.name + "-greedy", "transaction.timeout.ms", "1000000000");
      s.attempt("too much time", greedy::initTransactions);
      KafkaProducer<String, String> last = s.producer("transactional.id", s.name + "-last");
      last.initTransactions();
      last.beginTransaction();
      last.send(new ProducerRecord<>(topic, 0, null, "end")).get();
      last.commitTransaction();
      KafkaConsumer<String, String> reader = s.consumer("isolation.level", "read_committed");
      reader.subscribe(List.of(topic));
      s.say("%s", read(reader, 2));
      KafkaConsumer<String, String> all = s.consumer("group.id", s.name + "-all");
      all.subscribe(List.of(topic));
      s.say("%s", read(all, 5));
    });
  }

  /** Settings that make both protocols assign ranges. */
  private static String[] strategyOf(Scenario s, String classicClass) {
    return s.protocol.equals("classic")
        ? new String[] {"partition.assignment.strategy", classicClass}
        : new String[] {"group.remote.assignor", "range"};
  }

  public static void main(String[] arguments) throws Exception {
    String prefix = arguments.length > 1 ? arguments[1] : "";
    var pool = Executors.newFixedThreadPool(4);
    Map<String, Future<String>> results = new LinkedHashMap<>();
    table.forEach((name, body) -> {
      if (!name.startsWith(prefix)) return;
      results.put(name, pool.submit(() -> {
        try (Scenario scenario = new Scenario(arguments[0], name)) {
          try {
            body.run(scenario);
          } catch (Throwable e) {
            scenario.say("ended with %s", e);
          }
          return scenario.text.toString();
        }
      }));
    });
    for (Map.Entry<String, Future<String>> each : results.entrySet()) {
      System.out.println(each.getKey());
      System.out.print(each.getValue().get());
    }
    pool.shutdown();
  }
}
