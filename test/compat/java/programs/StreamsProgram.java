import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * A Kafka Streams application with everything that leans on the broker: a stream joined with a table, two streams joined over a window
 * behind a repartition topic, a windowed aggregate, and a state store of its own. Every output record tells how many came before it
 * for its key, so a record that is processed twice, or not at all, shows.
 *
 * <p>Arguments: the properties file. It runs until it is killed.
 */
public final class StreamsProgram {
  /** Counts and sums a customer's orders in a persistent store; answers `count:sum`. */
  private static final class Totals extends ContextualProcessor<String, String, String, String> {
    private KeyValueStore<String, String> store;

    @Override
    public void init(ProcessorContext<String, String> context) {
      super.init(context);
      store = context.getStateStore("totals-store");
    }

    @Override
    public void process(Record<String, String> order) {
      String next = added(store.get(order.key()), order.value());
      store.put(order.key(), next);
      context().forward(order.withValue(next));
    }
  }

  /** `count:sum` and one more order, whose value is `id:amount`. */
  private static String added(String countAndSum, String order) {
    String[] before = countAndSum == null || countAndSum.isEmpty() ? new String[] {"0", "0"} : countAndSum.split(":");
    long amount = Long.parseLong(order.split(":")[1]);
    return (Long.parseLong(before[0]) + 1) + ":" + (Long.parseLong(before[1]) + amount);
  }

  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    try (var reader = new java.io.FileReader(arguments[0])) {
      properties.load(reader);
    }
    properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class.getName());
    properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class.getName());

    var strings = Serdes.String();
    StreamsBuilder builder = new StreamsBuilder();
    KTable<String, String> customers = builder.table("customers", Consumed.with(strings, strings));
    KStream<String, String> orders = builder.stream("orders", Consumed.with(strings, strings));
    KStream<String, String> payments = builder.stream("payments", Consumed.with(strings, strings));

    KStream<String, String> named =
        orders.join(customers, (order, name) -> order + ":" + name, Joined.with(strings, strings, strings));
    named.to("named", Produced.with(strings, strings));

    named
        .map((customer, order) -> KeyValue.pair(order.split(":")[0], order))
        .repartition(Repartitioned.with(strings, strings).withName("by-order").withNumberOfPartitions(2))
        .join(
            payments,
            (order, payment) -> order + ":" + payment,
            JoinWindows.ofTimeDifferenceAndGrace(Duration.ofHours(1), Duration.ofHours(1)),
            StreamJoined.with(strings, strings, strings))
        .to("paid", Produced.with(strings, strings));

    orders
        .groupByKey(Grouped.with(strings, strings))
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofHours(1)))
        .aggregate(() -> "", (customer, order, sum) -> added(sum, order), Materialized.with(strings, strings))
        .toStream((window, sum) -> window.key() + "@" + window.window().start())
        .to("per-minute", Produced.with(strings, strings));

    builder.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("totals-store"), strings, strings));
    orders.process(Totals::new, "totals-store").to("totals", Produced.with(strings, strings));

    KafkaStreams streams = new KafkaStreams(builder.build(), properties);
    streams.setStateListener((now, before) -> System.out.println(now));
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
