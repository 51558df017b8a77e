import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;

/** Create, read, update and delete an owner with pgJDBC. */
public final class Owner {
  private static final String TABLE =
      """
      CREATE TABLE IF NOT EXISTS owner (
        id UUID NOT NULL DEFAULT gen_random_uuid(),
        name VARCHAR(30) NOT NULL,
        city VARCHAR(80) NOT NULL,
        telephone VARCHAR(20) DEFAULT NULL,
        PRIMARY KEY (id)
      )""";

  public static void main(String[] arguments) throws SQLException {
    // Autocommit: each statement is a transaction. DSQL takes one DDL statement in each, and no other change beside it.
    try (Connection connection = connect()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute(TABLE);
      }
      change(connection, "INSERT INTO owner (name, city, telephone) VALUES (?, ?, ?)", "John Doe", "Anytown", "555-555-1999");
      try (PreparedStatement read = connection.prepareStatement("SELECT * FROM owner WHERE name = ?")) {
        read.setString(1, "John Doe");
        try (ResultSet owners = read.executeQuery()) {
          while (owners.next()) {
            System.out.println("inserted " + owners.getString("name") + ", " + owners.getString("city"));
          }
        }
      }
      System.out.println("updated " + change(connection, "UPDATE owner SET city = ? WHERE name = ?", "Springfield", "John Doe"));
      System.out.println("deleted " + change(connection, "DELETE FROM owner WHERE name = ?", "John Doe"));
    }
  }

  private static Connection connect() throws SQLException {
    String user = variable("CLUSTER_USER");
    Properties properties = new Properties();
    properties.setProperty("user", user);
    // A token. `dsql env` sets it; on AWS see the README. It lives 15 minutes: make one for each connection.
    properties.setProperty("password", variable("PGPASSWORD"));
    properties.setProperty("sslmode", "verify-full");
    String authority = System.getenv("PGSSLROOTCERT");
    if (authority == null) {
      // What the JVM trusts has Amazon's root in it.
      properties.setProperty("sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory");
    } else {
      properties.setProperty("sslrootcert", authority);
    }
    // The admin's tables are in `public`; every other role works in a schema of its own.
    properties.setProperty("currentSchema", user.equals("admin") ? "public" : "myschema");
    String port = System.getenv().getOrDefault("PGPORT", "5432");
    String url = "jdbc:postgresql://" + variable("CLUSTER_ENDPOINT") + ":" + port + "/postgres";
    return DriverManager.getConnection(url, properties);
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
      throw new IllegalStateException(name + " is not set. For the local cluster: eval \"$(npx dsql env)\"");
    }
    return value;
  }
}
