import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.function.Function;
import java.util.stream.Collectors;
import kafka.server.KafkaConfig;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * What the official configuration classes make of settings: one JSON object a line on standard input, {table: "broker" | "topic", settings},
 * is answered by one line, {accepted, message}.
 */
public final class ConfigValues {
  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode request = json.readTree(line);
      Properties properties = new Properties();
      request.path("settings").fields().forEachRemaining(each -> properties.setProperty(each.getKey(), each.getValue().asText()));
      ObjectNode answer = json.createObjectNode();
      try {
        if (request.path("table").asText().equals("topic")) LogConfig.validate(properties.stringPropertyNames().stream().collect(Collectors.toMap(Function.identity(), properties::getProperty)));
        else KafkaConfig.fromProps(properties, false);
        answer.put("accepted", true);
      } catch (Exception e) {
        answer.put("accepted", false).put("message", e.getMessage());
      }
      System.out.println(json.writeValueAsString(answer));
    }
  }
}
