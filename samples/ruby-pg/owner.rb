# Create, read, update and delete an owner with pg, and survive a conflict.
require "pg"

def variable(name)
  ENV.fetch(name) { abort %(#{name} is not set. For the local cluster: eval "$(npx dsql env --for ruby)") }
end

ENDPOINT, USER, REGION = %w[CLUSTER_ENDPOINT CLUSTER_USER REGION].map { |name| variable(name) }
# The admin's tables are in `public`; every other role works in a schema of its own.
SCHEMA = USER == "admin" ? "public" : "myschema"

# `dsql env` sets one in PGPASSWORD. A token lives 15 minutes: make one for each connection.
def token
  return ENV["PGPASSWORD"] if ENV["PGPASSWORD"]

  require "aws-sdk-dsql"
  generator = Aws::DSQL::AuthTokenGenerator.new(credentials: Aws::CredentialProviderChain.new.resolve)
  settings = { region: REGION, endpoint: ENDPOINT }
  USER == "admin" ? generator.generate_db_connect_admin_auth_token(settings) : generator.generate_db_connect_auth_token(settings)
end

def connect
  options = {
    host: ENDPOINT,
    port: ENV.fetch("PGPORT", "5432"),
    dbname: "postgres",
    user: USER,
    password: token,
    sslmode: "verify-full",
    # With libpq before 16, the file of Amazon Root CA 1. `dsql env` names the local authority.
    sslrootcert: ENV.fetch("PGSSLROOTCERT", "system"),
  }
  # Direct TLS, a round trip less, came with libpq 17.
  options[:sslnegotiation] = "direct" if PG.library_version >= 170_000
  connection = PG.connect(options)
  connection.exec("SET search_path = #{SCHEMA}")
  connection
end

# Runs the block in a transaction, again when it loses: who commits first wins, the other hears 40001.
def with_retry(connection, attempts: 5)
  (1..attempts).each do |attempt|
    return connection.transaction { yield connection }
  rescue PG::TRSerializationFailure
    raise if attempt == attempts

    sleep(rand * 0.05 * 2**attempt)
  end
end

# Each statement is a transaction of its own: DSQL takes one DDL statement in each.
def recipe(connection)
  connection.exec(<<~SQL)
    CREATE TABLE IF NOT EXISTS owner (
      id UUID NOT NULL DEFAULT gen_random_uuid(),
      name VARCHAR(30) NOT NULL,
      city VARCHAR(80) NOT NULL,
      telephone VARCHAR(20) DEFAULT NULL,
      PRIMARY KEY (id)
    )
  SQL
  john = ["John Doe", "Anytown", "555-555-1999"]
  connection.exec_params("INSERT INTO owner (name, city, telephone) VALUES ($1, $2, $3)", john)
  connection.exec_params("SELECT name, city FROM owner WHERE name = $1", ["John Doe"]).each do |owner|
    puts "inserted #{owner["name"]}, #{owner["city"]}"
  end
  moved = connection.exec_params("UPDATE owner SET city = $1 WHERE name = $2", ["Springfield", "John Doe"])
  puts "updated #{moved.cmd_tuples}"
end

# Another transaction changes the row between reading and COMMIT, the first time.
def conflict(connection, other)
  attempts = 0
  with_retry(connection) do
    attempts += 1
    connection.exec("SELECT city FROM owner WHERE name = 'John Doe'")
    other.exec("UPDATE owner SET city = 'Capital City' WHERE name = 'John Doe'") if attempts == 1
    connection.exec("UPDATE owner SET city = city || '!' WHERE name = 'John Doe'")
  end
  city = connection.exec("SELECT city FROM owner WHERE name = 'John Doe'").getvalue(0, 0)
  puts "after #{attempts} attempts: #{city}"
end

connection = connect
other = connect
begin
  recipe(connection)
  conflict(connection, other)
  gone = connection.exec_params("DELETE FROM owner WHERE name = $1", ["John Doe"])
  puts "deleted #{gone.cmd_tuples}"
ensure
  [connection, other].each(&:close)
end
