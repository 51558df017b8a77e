// Create, read, update and delete an owner with libpq, and survive a conflict.
#include <libpq-fe.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

/** What the server refused, with its SQLSTATE. */
struct Refused : std::runtime_error {
  std::string sqlstate;
  explicit Refused(const PGresult* result)
      : std::runtime_error(PQresultErrorMessage(result)) {
    // Without one the connection has ended.
    const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    sqlstate = field == nullptr ? "" : field;
  }
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    throw std::runtime_error(std::string(name) + " is not set. For the local cluster: eval \"$(npx dsql env)\"");
  }
  return value;
}

std::string variableOr(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

Result run(PGconn* connection, const char* sql, const std::vector<const char*>& values = {}) {
  Result result(PQexecParams(connection, sql, static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0),
                &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw Refused(result.get());
  }
  return result;
}

Connection connect() {
  const std::string user = variable("CLUSTER_USER");
  const std::string endpoint = variable("CLUSTER_ENDPOINT");
  // A token. `dsql env` sets it; on AWS see the README. It lives 15 minutes: make one for each connection.
  const std::string token = variable("PGPASSWORD");
  const std::string port = variableOr("PGPORT", "5432");
  // With libpq before 16, the file of Amazon Root CA 1. `dsql env` names the local authority.
  const std::string authority = variableOr("PGSSLROOTCERT", "system");
  std::vector<const char*> names = {"host", "port", "dbname", "user", "password", "sslmode", "sslrootcert"};
  std::vector<const char*> values = {endpoint.c_str(), port.c_str(),  "postgres",       user.c_str(),
                                     token.c_str(),    "verify-full", authority.c_str()};
  // Direct TLS, a round trip less, came with libpq 17.
  if (PQlibVersion() >= 170000) {
    names.push_back("sslnegotiation");
    values.push_back("direct");
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Connection connection(PQconnectdbParams(names.data(), values.data(), 0), &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection.get()));
  }
  // The admin's tables are in `public`; every other role works in a schema of its own.
  run(connection.get(), user == "admin" ? "SET search_path = public" : "SET search_path = myschema");
  return connection;
}

/** Runs `work` in a transaction, again when it loses: who commits first wins, the other hears 40001. */
void withRetry(PGconn* connection, const std::function<void()>& work) {
  const int attemptsMax = 5;
  std::mt19937 random(std::random_device{}());
  for (int attempt = 1;; attempt++) {
    run(connection, "BEGIN");
    try {
      work();
      run(connection, "COMMIT");
      return;
    } catch (const Refused& refused) {
      // Ends what is open; after a COMMIT that lost nothing is, and PostgreSQL only warns.
      if (PQtransactionStatus(connection) != PQTRANS_IDLE) {
        run(connection, "ROLLBACK");
      }
      if (refused.sqlstate != "40001" || attempt == attemptsMax) {
        throw;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % (50U << attempt)));
  }
}

/** Each statement is a transaction of its own: DSQL takes one DDL statement in each. */
void recipe(PGconn* connection) {
  run(connection,
      "CREATE TABLE IF NOT EXISTS owner ("
      " id UUID NOT NULL DEFAULT gen_random_uuid(),"
      " name VARCHAR(30) NOT NULL,"
      " city VARCHAR(80) NOT NULL,"
      " telephone VARCHAR(20) DEFAULT NULL,"
      " PRIMARY KEY (id))");
  run(connection, "INSERT INTO owner (name, city, telephone) VALUES ($1, $2, $3)",
      {"John Doe", "Anytown", "555-555-1999"});
  const Result found = run(connection, "SELECT name, city FROM owner WHERE name = $1", {"John Doe"});
  for (int row = 0; row < PQntuples(found.get()); row++) {
    std::cout << "inserted " << PQgetvalue(found.get(), row, 0) << ", " << PQgetvalue(found.get(), row, 1) << "\n";
  }
  const Result moved = run(connection, "UPDATE owner SET city = $1 WHERE name = $2", {"Springfield", "John Doe"});
  std::cout << "updated " << PQcmdTuples(moved.get()) << "\n";
}

/** Another transaction changes the row between reading and COMMIT, the first time. */
void conflict(PGconn* connection, PGconn* other) {
  int attempts = 0;
  withRetry(connection, [&] {
    attempts++;
    run(connection, "SELECT city FROM owner WHERE name = 'John Doe'");
    if (attempts == 1) {
      run(other, "UPDATE owner SET city = 'Capital City' WHERE name = 'John Doe'");
    }
    run(connection, "UPDATE owner SET city = city || '!' WHERE name = 'John Doe'");
  });
  const Result city = run(connection, "SELECT city FROM owner WHERE name = 'John Doe'");
  std::cout << "after " << attempts << " attempts: " << PQgetvalue(city.get(), 0, 0) << "\n";
}

int main() {
  try {
    const Connection connection = connect();
    const Connection other = connect();
    recipe(connection.get());
    conflict(connection.get(), other.get());
    const Result gone = run(connection.get(), "DELETE FROM owner WHERE name = $1", {"John Doe"});
    std::cout << "deleted " << PQcmdTuples(gone.get()) << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
