import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;

/**
 * Calls of the official Admin client, one JSON object a line on standard input, {op, ...}. Each is answered with one line: the call's
 * name, and what came of it, as the client's own classes print it, maps and sets sorted. Arguments: the broker's address, and `settle`
 * to wait before each call until the broker has heard of those before.
 */
public final class AdminCalls {
  private final Admin admin;

  private AdminCalls(Admin admin) {
    this.admin = admin;
  }

  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    Map<String, Object> config =
        Map.of("bootstrap.servers", args[0], "client.id", "admin-calls", "default.api.timeout.ms", 6000, "request.timeout.ms", 3000);
    try (Admin admin = Admin.create(config)) {
      AdminCalls calls = new AdminCalls(admin);
      BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isBlank()) continue;
        if (args.length > 1) calls.settle();
        JsonNode call = json.readTree(line);
        String text;
        try {
          text = calls.text(calls.make(call));
        } catch (Exception e) {
          text = errorText(e);
        }
        System.out.println(call.path("op").asText() + ": " + text);
      }
    }
  }

  /** As test/support/metadata-barrier.ts: waits until the broker shows a change that was made after all others. */
  private void settle() throws Exception {
    String group = "metadata-barrier-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
    ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
    for (AlterConfigOp.OpType change : List.of(AlterConfigOp.OpType.SET, AlterConfigOp.OpType.DELETE)) {
      ConfigEntry entry = new ConfigEntry("consumer.session.timeout.ms", "50000");
      admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(entry, change)))).all().get();
      while (shows(resource, entry) != (change == AlterConfigOp.OpType.SET)) Thread.sleep(10);
    }
  }

  private boolean shows(ConfigResource resource, ConfigEntry entry) throws Exception {
    return admin.describeConfigs(List.of(resource)).all().get().get(resource).get(entry.name()).value().equals(entry.value());
  }

  private Object make(JsonNode call) {
    switch (call.path("op").asText()) {
      case "createTopics": {
        CreateTopicsResult result =
            admin.createTopics(list(call, "topics", AdminCalls::newTopic), new CreateTopicsOptions().validateOnly(call.path("validateOnly").asBoolean()));
        Map<String, Object> all = new TreeMap<>();
        for (String topic : result.values().keySet()) {
          all.put(topic, List.of(result.values().get(topic), result.numPartitions(topic), result.replicationFactor(topic), result.config(topic)));
        }
        return all;
      }
      case "deleteTopics":
        if (call.has("ids")) return admin.deleteTopics(TopicCollection.ofTopicIds(list(call, "ids", id -> Uuid.fromString(id.asText())))).topicIdValues();
        return admin.deleteTopics(strings(call, "topics")).topicNameValues();
      case "listTopics": {
        String prefix = call.path("prefix").asText();
        return admin.listTopics(new ListTopicsOptions().listInternal(call.path("internal").asBoolean())).names()
            .thenApply(names -> names.stream().filter(name -> name.startsWith(prefix)).collect(Collectors.toSet()));
      }
      case "describeTopics": {
        DescribeTopicsOptions options = new DescribeTopicsOptions()
            .includeAuthorizedOperations(call.path("authorizedOperations").asBoolean())
            .partitionSizeLimitPerResponse(call.path("limit").asInt(2000));
        if (call.has("ids"))
          return admin.describeTopics(TopicCollection.ofTopicIds(list(call, "ids", id -> Uuid.fromString(id.asText()))), options).topicIdValues();
        return admin.describeTopics(strings(call, "topics"), options).topicNameValues();
      }
      case "describeCluster": {
        DescribeClusterResult result = admin.describeCluster(
            new DescribeClusterOptions().includeAuthorizedOperations(call.path("authorizedOperations").asBoolean()).includeFencedBrokers(call.path("fenced").asBoolean()));
        return List.of(result.clusterId(), result.controller(), result.nodes(), result.authorizedOperations());
      }
      case "describeConfigs":
        return admin.describeConfigs(list(call, "resources", AdminCalls::resource),
                new DescribeConfigsOptions().includeSynonyms(call.path("synonyms").asBoolean()))
            .values();
      case "incrementalAlterConfigs": {
        Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
        for (JsonNode each : call.path("resources")) {
          changes.put(resource(each), list(each, "changes", change -> new AlterConfigOp(
              new ConfigEntry(change.path("name").asText(), change.path("value").isNull() ? null : change.path("value").asText()),
              AlterConfigOp.OpType.valueOf(change.path("do").asText()))));
        }
        return admin.incrementalAlterConfigs(changes, new AlterConfigsOptions().validateOnly(call.path("validateOnly").asBoolean())).values();
      }
      case "createPartitions": {
        Map<String, NewPartitions> counts = new HashMap<>();
        call.path("topics").fields().forEachRemaining(each -> counts.put(each.getKey(), NewPartitions.increaseTo(each.getValue().asInt())));
        return admin.createPartitions(counts, new CreatePartitionsOptions().validateOnly(call.path("validateOnly").asBoolean())).values();
      }
      case "deleteRecords":
        return admin.deleteRecords(byPartition(call.path("before"), offset -> RecordsToDelete.beforeOffset(offset.asLong()))).lowWatermarks()
            .entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, each -> each.getValue().thenApply(DeletedRecords::lowWatermark)));
      case "listOffsets": {
        IsolationLevel isolation = call.path("committed").asBoolean() ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED;
        Map<TopicPartition, OffsetSpec> asked = byPartition(call.path("at"), AdminCalls::offsetSpec);
        ListOffsetsResult result = admin.listOffsets(asked, new ListOffsetsOptions(isolation));
        return asked.keySet().stream().collect(Collectors.toMap(Function.identity(), result::partitionResult));
      }
      case "listGroups": {
        String prefix = call.path("prefix").asText();
        ListGroupsOptions options = new ListGroupsOptions();
        if (call.has("types")) options.withTypes(Set.copyOf(list(call, "types", type -> GroupType.parse(type.asText()))));
        if (call.has("states")) options.inGroupStates(Set.copyOf(list(call, "states", state -> GroupState.parse(state.asText()))));
        if (call.has("protocols")) options.withProtocolTypes(Set.copyOf(strings(call, "protocols")));
        return admin.listGroups(options).all()
            .thenApply(groups -> groups.stream().filter(group -> group.groupId().startsWith(prefix)).collect(Collectors.toSet()));
      }
      case "describeConsumerGroups":
        return admin.describeConsumerGroups(strings(call, "groups"),
            new DescribeConsumerGroupsOptions().includeAuthorizedOperations(call.path("authorizedOperations").asBoolean())).describedGroups();
      case "describeClassicGroups":
        return admin.describeClassicGroups(strings(call, "groups")).describedGroups();
      case "listConsumerGroupOffsets": {
        Map<String, ListConsumerGroupOffsetsSpec> groups = new HashMap<>();
        for (String group : strings(call, "groups")) groups.put(group, new ListConsumerGroupOffsetsSpec());
        ListConsumerGroupOffsetsResult result =
            admin.listConsumerGroupOffsets(groups, new ListConsumerGroupOffsetsOptions().requireStable(call.path("stable").asBoolean()));
        return groups.keySet().stream().collect(Collectors.toMap(Function.identity(), result::partitionsToOffsetAndMetadata));
      }
      case "alterConsumerGroupOffsets": {
        Map<TopicPartition, OffsetAndMetadata> offsets = byPartition(call.path("offsets"), offset -> new OffsetAndMetadata(offset.asLong(), "altered"));
        AlterConsumerGroupOffsetsResult result = admin.alterConsumerGroupOffsets(call.path("group").asText(), offsets);
        return offsets.keySet().stream().collect(Collectors.toMap(Function.identity(), result::partitionResult));
      }
      case "deleteConsumerGroupOffsets": {
        Set<TopicPartition> partitions = new HashSet<>(list(call, "partitions", each -> partition(each.asText())));
        DeleteConsumerGroupOffsetsResult result = admin.deleteConsumerGroupOffsets(call.path("group").asText(), partitions);
        return partitions.stream().collect(Collectors.toMap(Function.identity(), result::partitionResult));
      }
      case "deleteConsumerGroups":
        return admin.deleteConsumerGroups(strings(call, "groups")).deletedGroups();
      case "removeMembers":
        return admin.removeMembersFromConsumerGroup(call.path("group").asText(),
            call.has("instances")
                ? new RemoveMembersFromConsumerGroupOptions(list(call, "instances", each -> new MemberToRemove(each.asText())))
                : new RemoveMembersFromConsumerGroupOptions()).all();
      case "describeProducers": {
        DescribeProducersResult result = admin.describeProducers(list(call, "partitions", each -> partition(each.asText())));
        return list(call, "partitions", each -> result.partitionResult(partition(each.asText())));
      }
      case "describeTransactions": {
        DescribeTransactionsResult result = admin.describeTransactions(strings(call, "ids"));
        return list(call, "ids", id -> result.description(id.asText()));
      }
      case "listTransactions":
        return admin.listTransactions(new ListTransactionsOptions()
            .filterOnTransactionalIdPattern(call.path("pattern").asText(".*"))
            .filterStates(list(call, "states", state -> TransactionState.parse(state.asText())))).all();
      case "abortTransaction":
        return admin.abortTransaction(new AbortTransactionSpec(partition(call.path("partition").asText()), call.path("producerId").asLong(), (short) 0, 0)).all();
      case "fenceProducers": {
        FenceProducersResult result = admin.fenceProducers(strings(call, "ids"));
        return list(call, "ids", id -> result.epochId(id.asText()));
      }
      case "listConfigResources": {
        String prefix = call.path("prefix").asText();
        return admin.listConfigResources(Set.copyOf(list(call, "types", type -> ConfigResource.Type.valueOf(type.asText()))), new ListConfigResourcesOptions()).all()
            .thenApply(all -> all.stream().filter(each -> each.name().startsWith(prefix)).collect(Collectors.toSet()));
      }
      case "describeFeatures":
        return admin.describeFeatures().featureMetadata().thenApply(all -> List.of(new TreeMap<>(all.supportedFeatures()), new TreeMap<>(all.finalizedFeatures())));
      case "updateFeatures": {
        Map<String, FeatureUpdate> updates = new HashMap<>();
        call.path("features").fields().forEachRemaining(each -> updates.put(each.getKey(),
            new FeatureUpdate((short) each.getValue().asInt(), FeatureUpdate.UpgradeType.valueOf(call.path("type").asText("UPGRADE")))));
        return admin.updateFeatures(updates, new UpdateFeaturesOptions().validateOnly(call.path("validateOnly").asBoolean())).values();
      }
      case "electLeaders":
        return admin.electLeaders(ElectionType.valueOf(call.path("type").asText()),
            call.has("partitions") ? new HashSet<>(list(call, "partitions", each -> partition(each.asText()))) : null).partitions();
      case "alterPartitionReassignments":
        return admin.alterPartitionReassignments(byPartition(call.path("replicas"), replicas -> replicas.isNull()
            ? Optional.<NewPartitionReassignment>empty()
            : Optional.of(new NewPartitionReassignment(elements(replicas, JsonNode::asInt))))).values();
      case "listPartitionReassignments":
        return admin.listPartitionReassignments().reassignments();
      case "describeMetadataQuorum":
        return admin.describeMetadataQuorum().quorumInfo().thenApply(quorum ->
            List.of(quorum.leaderId(), quorum.voters().size(), quorum.observers().size(), quorum.nodes().size()));
      case "unregisterBroker":
        return admin.unregisterBroker(call.path("id").asInt()).all();
      case "describeLogDirs": {
        String prefix = call.path("prefix").asText();
        Map<Integer, Object> all = new TreeMap<>();
        admin.describeLogDirs(list(call, "brokers", JsonNode::asInt)).descriptions().forEach((broker, future) ->
            all.put(broker, future.thenApply(folders -> folders.values().stream().map(folder -> List.of(
                Optional.ofNullable(folder.error()),
                folder.replicaInfos().entrySet().stream().filter(each -> each.getKey().topic().startsWith(prefix))
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)))).collect(Collectors.toList()))));
        return all;
      }
      case "describeClientQuotas": {
        List<ClientQuotaFilterComponent> components = list(call, "filters", each -> each.has("name")
            ? (each.path("name").isNull() ? ClientQuotaFilterComponent.ofDefaultEntity(each.path("type").asText())
                : ClientQuotaFilterComponent.ofEntity(each.path("type").asText(), each.path("name").asText()))
            : ClientQuotaFilterComponent.ofEntityType(each.path("type").asText()));
        return admin.describeClientQuotas(call.path("strict").asBoolean() ? ClientQuotaFilter.containsOnly(components) : ClientQuotaFilter.contains(components)).entities();
      }
      case "alterClientQuotas":
        return admin.alterClientQuotas(list(call, "changes", each -> {
          Map<String, String> entity = new LinkedHashMap<>();
          each.path("entity").fields().forEachRemaining(part -> entity.put(part.getKey(), part.getValue().isNull() ? null : part.getValue().asText()));
          List<ClientQuotaAlteration.Op> ops = new ArrayList<>();
          each.path("quotas").fields().forEachRemaining(quota ->
              ops.add(new ClientQuotaAlteration.Op(quota.getKey(), quota.getValue().isNull() ? null : quota.getValue().asDouble())));
          return new ClientQuotaAlteration(new ClientQuotaEntity(entity), ops);
        }), new AlterClientQuotasOptions().validateOnly(call.path("validateOnly").asBoolean())).values();
      default:
        throw new IllegalArgumentException("no such call");
    }
  }

  private static NewTopic newTopic(JsonNode topic) {
    Map<String, String> configs = new HashMap<>();
    topic.path("configs").fields().forEachRemaining(each -> configs.put(each.getKey(), each.getValue().asText()));
    NewTopic created;
    if (topic.has("assignments")) {
      Map<Integer, List<Integer>> assignments = new HashMap<>();
      topic.path("assignments").fields().forEachRemaining(each ->
          assignments.put(Integer.parseInt(each.getKey()), elements(each.getValue(), JsonNode::asInt)));
      created = new NewTopic(topic.path("name").asText(), assignments);
    } else {
      created = new NewTopic(topic.path("name").asText(), Optional.ofNullable(topic.get("partitions")).map(JsonNode::asInt),
          Optional.ofNullable(topic.get("factor")).map(factor -> (short) factor.asInt()));
    }
    return created.configs(configs);
  }

  private static ConfigResource resource(JsonNode resource) {
    return new ConfigResource(ConfigResource.Type.valueOf(resource.path("type").asText()), resource.path("name").asText());
  }

  private static OffsetSpec offsetSpec(JsonNode at) {
    if (at.isNumber()) return OffsetSpec.forTimestamp(at.asLong());
    switch (at.asText()) {
      case "earliest":
        return OffsetSpec.earliest();
      case "max":
        return OffsetSpec.maxTimestamp();
      case "earliestLocal":
        return OffsetSpec.earliestLocal();
      case "latestTiered":
        return OffsetSpec.latestTiered();
      default:
        return OffsetSpec.latest();
    }
  }

  /** `topic:0` */
  private static TopicPartition partition(String text) {
    int colon = text.lastIndexOf(':');
    return new TopicPartition(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
  }

  private static <T> Map<TopicPartition, T> byPartition(JsonNode object, Function<JsonNode, T> value) {
    Map<TopicPartition, T> map = new HashMap<>();
    object.fields().forEachRemaining(each -> map.put(partition(each.getKey()), value.apply(each.getValue())));
    return map;
  }

  private static <T> List<T> list(JsonNode call, String name, Function<JsonNode, T> element) {
    return elements(call.path(name), element);
  }

  private static <T> List<T> elements(JsonNode array, Function<JsonNode, T> element) {
    return StreamSupport.stream(array.spliterator(), false).map(element).collect(Collectors.toList());
  }

  private static List<String> strings(JsonNode call, String name) {
    return list(call, name, JsonNode::asText);
  }

  private String text(Object value) {
    if (value instanceof KafkaFuture) {
      try {
        return text(((KafkaFuture<?>) value).get());
      } catch (Exception e) {
        return errorText(e);
      }
    }
    if (value == null) return "nothing";
    if (value instanceof Optional) return ((Optional<?>) value).map(this::text).orElse("nothing");
    if (value instanceof Map) {
      Map<String, String> sorted = new TreeMap<>();
      ((Map<?, ?>) value).forEach((key, inner) -> sorted.put(text(key), text(inner)));
      return sorted.toString();
    }
    if (value instanceof Config) return text(Set.copyOf(((Config) value).entries()));
    if (value instanceof Set) return ((Set<?>) value).stream().map(this::text).sorted().collect(Collectors.toList()).toString();
    if (value instanceof Collection) return ((Collection<?>) value).stream().map(this::text).collect(Collectors.toList()).toString();
    if (value instanceof Duration) return value.toString();
    return value.toString();
  }

  private static String errorText(Throwable error) {
    Throwable cause = error instanceof ExecutionException && error.getCause() != null ? error.getCause() : error;
    return cause.getClass().getSimpleName() + ": " + cause.getMessage();
  }
}
