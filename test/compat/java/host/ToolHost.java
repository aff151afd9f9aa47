import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's own command line tools, unmodified, one after the other in one JVM: a JVM start costs more than most of the tools do.
 *
 * One JSON object a line on standard input, {main, args, stdin, timeoutMs}, is answered by one line on standard output,
 * {exitCode, stdout, stderr, timedOut, stuck}. A tool sees a process of its own: fresh static state (the tools' classes are loaded
 * anew for each run; ConsoleConsumer counts in a static field), its own standard streams, its exit code, and its shutdown hooks,
 * which also run when the time is over, as on SIGTERM. A tool that does not end even then is `stuck` and the host must be replaced.
 */
public final class ToolHost {
  /** Leaves the tool's main method where it asked the process to exit. */
  private static final class Exited extends Error {
    Exited() {
      super("exit", null, false, false);
    }
  }

  /** One run's state, replaced for each; `exitCode` is the first exit that was asked for. */
  private static final class Run {
    final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    final List<Runnable> shutdownHooks = new ArrayList<>();
    Integer exitCode = null;

    /** As System.exit: the hooks run, then nothing that the program does is seen any more, such as what is printed on the way out. */
    void exit(int status, String message) {
      synchronized (this) {
        if (exitCode != null) throw new Exited();
        exitCode = status;
      }
      if (message != null) System.err.println(message);
      runShutdownHooks();
      System.out.flush();
      System.err.flush();
      silence();
      throw new Exited();
    }

    void runShutdownHooks() {
      List<Runnable> hooks;
      synchronized (this) {
        hooks = List.copyOf(shutdownHooks);
        shutdownHooks.clear();
      }
      for (Runnable hook : hooks) {
        try {
          hook.run();
        } catch (Throwable e) {
          // A hook that fails changes nothing for a process that is going away.
        }
      }
      for (Thread hook : takeRuntimeHooks()) {
        try {
          hook.start();
          hook.join();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }

  /**
   * Takes over the hooks that a tool registered with the JVM itself (VerifiableProducer does), since this JVM goes on. The JVM's own list
   * is private: needs --add-opens java.base/java.lang=ALL-UNNAMED.
   */
  private static List<Thread> takeRuntimeHooks() {
    try {
      Field field = Class.forName("java.lang.ApplicationShutdownHooks").getDeclaredField("hooks");
      field.setAccessible(true);
      List<Thread> hooks = new ArrayList<>();
      for (Object hook : ((Map<?, ?>) field.get(null)).keySet()) hooks.add((Thread) hook);
      hooks.forEach(Runtime.getRuntime()::removeShutdownHook);
      return hooks;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void silence() {
    System.setOut(new PrintStream(new ByteArrayOutputStream(), true));
    System.setErr(new PrintStream(new ByteArrayOutputStream(), true));
  }

  /** Loads the tools' own classes by itself and leaves everything else to the parent. */
  private static final class ToolClassLoader extends URLClassLoader {
    ToolClassLoader(URL[] urls) {
      super(urls, ToolHost.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      boolean ofTools = name.startsWith("org.apache.kafka.tools.") || name.startsWith("org.apache.kafka.shell.") || name.startsWith("kafka.");
      if (!ofTools) return super.loadClass(name, resolve);
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        if (loaded == null) {
          try {
            loaded = findClass(name);
          } catch (ClassNotFoundException e) {
            return super.loadClass(name, resolve);
          }
        }
        if (resolve) resolveClass(loaded);
        return loaded;
      }
    }
  }

  private static volatile Run current;

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = System.out;
    ObjectMapper json = new ObjectMapper();
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      String name = new File(entry).getName();
      if (name.startsWith("kafka-tools") || name.startsWith("kafka-shell") || name.startsWith("kafka_")) urls.add(new File(entry).toURI().toURL());
    }
    Exit.setExitProcedure((status, message) -> current.exit(status, message));
    Exit.setHaltProcedure((status, message) -> current.exit(status, message));
    refuseSystemExit();
    Exit.setShutdownHookAdder((name, hook) -> current.shutdownHooks.add(hook));
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    silence();
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      answers.println(json.writeValueAsString(handle(json, json.readTree(line), urls)));
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }

  /** Argument parsers of some tools end the process without asking Kafka's Exit. */
  @SuppressWarnings("removal")
  private static void refuseSystemExit() {
    java.security.Policy.setPolicy(new java.security.Policy() {
      @Override
      public boolean implies(java.security.ProtectionDomain domain, java.security.Permission permission) {
        return true;
      }
    });
    System.setSecurityManager(new SecurityManager() {
      @Override
      public void checkExit(int status) {
        current.exit(status, null);
      }

      @Override
      public void checkPermission(java.security.Permission permission) {}
    });
  }

  private static ObjectNode handle(ObjectMapper json, JsonNode request, List<URL> urls) throws Exception {
    Run run = new Run();
    current = run;
    System.setIn(new ByteArrayInputStream(request.path("stdin").asText("").getBytes(StandardCharsets.UTF_8)));
    System.setOut(new PrintStream(run.stdout, true, StandardCharsets.UTF_8));
    System.setErr(new PrintStream(run.stderr, true, StandardCharsets.UTF_8));
    List<String> args = new ArrayList<>();
    request.path("args").forEach(arg -> args.add(arg.asText()));
    ObjectNode answer = json.createObjectNode();
    ToolClassLoader loader = new ToolClassLoader(urls.toArray(new URL[0]));
    Thread tool = new Thread(() -> runMain(run, loader, request.path("main").asText(), args.toArray(new String[0])), "tool");
    tool.setContextClassLoader(loader);
    tool.setDaemon(true);
    tool.start();
    tool.join(request.path("timeoutMs").asLong(30000));
    boolean timedOut = tool.isAlive();
    run.runShutdownHooks();
    if (timedOut) {
      tool.join(5000);
      if (tool.isAlive()) {
        tool.interrupt();
        tool.join(2000);
      }
    }
    System.out.flush();
    System.err.flush();
    silence();
    answer.put("exitCode", run.exitCode == null ? 0 : run.exitCode);
    answer.put("stdout", run.stdout.toString(StandardCharsets.UTF_8));
    answer.put("stderr", run.stderr.toString(StandardCharsets.UTF_8));
    answer.put("timedOut", timedOut);
    answer.put("stuck", tool.isAlive());
    return answer;
  }

  private static void runMain(Run run, ClassLoader loader, String main, String[] args) {
    try {
      loader.loadClass(main).getMethod("main", String[].class).invoke(null, (Object) args);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Exited) return;
      // As the JVM does for an uncaught exception of the main thread.
      e.getCause().printStackTrace();
      if (run.exitCode == null) run.exitCode = 1;
    } catch (Exited e) {
      // The tool is done.
    } catch (Throwable e) {
      e.printStackTrace();
      if (run.exitCode == null) run.exitCode = 1;
    }
  }
}
