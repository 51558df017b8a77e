import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/** Create, read, update and delete an owner with pgJDBC, AWS's connector and HikariCP, and survive a conflict. */
public final class Owner {
  private static final int ATTEMPTS = 5;
  private static final String SERIALIZATION_FAILURE = "40001";

  private interface Work {
    void run(Connection connection) throws SQLException;
  }

  public static void main(String[] arguments) throws Exception {
    try (HikariDataSource pool = pool()) {
      recipe(pool);
      conflict(pool);
      try (Connection connection = pool.getConnection()) {
        System.out.println("deleted " + change(connection, "DELETE FROM owner WHERE name = ?", "John Doe"));
      }
    }
  }

  private static HikariDataSource pool() {
    String user = variable("CLUSTER_USER");
    String port = System.getenv().getOrDefault("PGPORT", "5432");
    HikariConfig config = new HikariConfig();
    // AWS's connector takes this URL: it makes a token for each connection that the pool opens and hands it to pgJDBC.
    config.setJdbcUrl("jdbc:aws-dsql:postgresql://" + variable("CLUSTER_ENDPOINT") + ":" + port + "/postgres");
    config.setUsername(user);
    config.addDataSourceProperty("region", variable("REGION"));
    config.addDataSourceProperty("sslmode", "verify-full");
    // What the JVM trusts: Amazon's root is in it, and `dsql env --for java` adds the local authority.
    config.addDataSourceProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
    config.addDataSourceProperty("sslNegotiation", "direct");
    // The admin's tables are in `public`; every other role works in a schema of its own.
    config.addDataSourceProperty("currentSchema", user.equals("admin") ? "public" : "myschema");
    config.setMinimumIdle(1);
    config.setMaximumPoolSize(4);
    // DSQL ends a connection after an hour, in use or not.
    config.setMaxLifetime(TimeUnit.MINUTES.toMillis(50));
    return new HikariDataSource(config);
  }

  private static void recipe(DataSource pool) throws SQLException {
    // Autocommit: each statement is a transaction. DSQL takes one DDL statement in each, and no other change beside it.
    try (Connection connection = pool.getConnection()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(
            """
            CREATE TABLE IF NOT EXISTS owner (
              id UUID NOT NULL DEFAULT gen_random_uuid(),
              name VARCHAR(30) NOT NULL,
              city VARCHAR(80) NOT NULL,
              telephone VARCHAR(20) DEFAULT NULL,
              PRIMARY KEY (id)
            )""");
      }
      change(connection, "INSERT INTO owner (name, city, telephone) VALUES (?, ?, ?)", "John Doe", "Anytown", "555-555-1999");
      System.out.println("inserted John Doe, " + city(connection));
      int moved = change(connection, "UPDATE owner SET city = ? WHERE name = ?", "Springfield", "John Doe");
      System.out.println("updated " + moved);
    }
  }

  /** Another transaction changes the row between reading and COMMIT, the first time. */
  private static void conflict(DataSource pool) throws SQLException, InterruptedException {
    int[] attempts = {0};
    withRetry(
        pool,
        connection -> {
          attempts[0]++;
          city(connection);
          if (attempts[0] == 1) {
            try (Connection other = pool.getConnection()) {
              change(other, "UPDATE owner SET city = ? WHERE name = ?", "Capital City", "John Doe");
            }
          }
          change(connection, "UPDATE owner SET city = city || ? WHERE name = ?", "!", "John Doe");
        });
    try (Connection connection = pool.getConnection()) {
      System.out.println("after " + attempts[0] + " attempts: " + city(connection));
    }
  }

  /** Runs `work` in a transaction, again when it loses: who commits first wins, the other hears 40001. */
  private static void withRetry(DataSource pool, Work work) throws SQLException, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      try (Connection connection = pool.getConnection()) {
        // The pool rolls back what is open and sets it to true again when the connection comes back.
        connection.setAutoCommit(false);
        work.run(connection);
        connection.commit();
        return;
      } catch (SQLException error) {
        if (!SERIALIZATION_FAILURE.equals(error.getSQLState()) || attempt == ATTEMPTS) {
          throw error;
        }
      }
      Thread.sleep(ThreadLocalRandom.current().nextLong(50L << attempt));
    }
  }

  private static String city(Connection connection) throws SQLException {
    try (PreparedStatement read = connection.prepareStatement("SELECT city FROM owner WHERE name = ?")) {
      read.setString(1, "John Doe");
      try (ResultSet owners = read.executeQuery()) {
        owners.next();
        return owners.getString("city");
      }
    }
  }

  /** Returns how many rows were changed. */
  private static int change(Connection connection, String sql, String... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int index = 0; index < values.length; index++) {
        statement.setString(index + 1, values[index]);
      }
      return statement.executeUpdate();
    }
  }

  private static String variable(String name) {
    String value = System.getenv(name);
    if (value == null) {
      throw new IllegalStateException(name + " is not set. For the local cluster: eval \"$(npx dsql env --for java)\"");
    }
    return value;
  }
}
