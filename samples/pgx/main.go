// Create, read, update and delete an owner with pgx and its pool, and survive a conflict.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	pool, err := connect(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := recipe(ctx, pool); err != nil {
		return err
	}
	if err := conflict(ctx, pool); err != nil {
		return err
	}
	gone, err := pool.Exec(ctx, "DELETE FROM owner WHERE name = $1", "John Doe")
	if err != nil {
		return err
	}
	fmt.Printf("deleted %d\n", gone.RowsAffected())
	return nil
}

func variable(name string) (string, error) {
	if value := os.Getenv(name); value != "" {
		return value, nil
	}
	return "", fmt.Errorf("%s is not set. For the local cluster: eval \"$(npx dsql env --for go)\"", name)
}

func connect(ctx context.Context) (*pgxpool.Pool, error) {
	endpoint, err := variable("CLUSTER_ENDPOINT")
	if err != nil {
		return nil, err
	}
	user, err := variable("CLUSTER_USER")
	if err != nil {
		return nil, err
	}
	region, err := variable("REGION")
	if err != nil {
		return nil, err
	}
	account, err := config.LoadDefaultConfig(ctx, config.WithRegion(region))
	if err != nil {
		return nil, err
	}
	port := os.Getenv("PGPORT")
	if port == "" {
		port = "5432"
	}
	// Variables of libpq that `dsql env` sets for others, and pgx reads as well.
	for _, name := range []string{"PGPASSWORD", "PGHOSTADDR", "PGSSLROOTCERT", "PGSSLNEGOTIATION", "PGSSLMODE"} {
		os.Unsetenv(name)
	}
	settings, err := pgxpool.ParseConfig(fmt.Sprintf(
		"host=%s port=%s user=%s dbname=postgres sslmode=verify-full sslnegotiation=direct", endpoint, port, user))
	if err != nil {
		return nil, err
	}
	// Each connection gets a token of its own, made on this machine: it is good for 15 minutes.
	settings.BeforeConnect = func(ctx context.Context, one *pgx.ConnConfig) error {
		token, err := tokenFor(ctx, endpoint, region, user, account)
		one.Password = token
		return err
	}
	// The admin's tables are in `public`; every other role works in a schema of its own.
	schema := "myschema"
	if user == "admin" {
		schema = "public"
	}
	settings.AfterConnect = func(ctx context.Context, one *pgx.Conn) error {
		_, err := one.Exec(ctx, "SET search_path = "+schema)
		return err
	}
	settings.MaxConns = 4
	// DSQL ends a connection after an hour, in use or not.
	settings.MaxConnLifetime = 50 * time.Minute
	return pgxpool.NewWithConfig(ctx, settings)
}

// tokenFor presigns a request that is never sent: the address without its scheme is the password. The SDK's module
// feature/dsql/auth does the same.
func tokenFor(ctx context.Context, endpoint, region, user string, account aws.Config) (string, error) {
	action := "DbConnect"
	if user == "admin" {
		action = "DbConnectAdmin"
	}
	address := fmt.Sprintf("https://%s/?Action=%s&X-Amz-Expires=900", endpoint, action)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	credentials, err := account.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, credentials, request, emptyPayload, "dsql", region, time.Now())
	return strings.TrimPrefix(signed, "https://"), err
}

// emptyPayload is the SHA-256 of nothing.
const emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func recipe(ctx context.Context, pool *pgxpool.Pool) error {
	// Each statement is a transaction of its own: DSQL takes one DDL statement in each.
	_, err := pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS owner (
		id UUID NOT NULL DEFAULT gen_random_uuid(),
		name VARCHAR(30) NOT NULL,
		city VARCHAR(80) NOT NULL,
		telephone VARCHAR(20) DEFAULT NULL,
		PRIMARY KEY (id)
	)`)
	if err != nil {
		return err
	}
	insert := "INSERT INTO owner (name, city, telephone) VALUES ($1, $2, $3)"
	if _, err := pool.Exec(ctx, insert, "John Doe", "Anytown", "555-555-1999"); err != nil {
		return err
	}
	var name, city string
	row := pool.QueryRow(ctx, "SELECT name, city FROM owner WHERE name = $1", "John Doe")
	if err := row.Scan(&name, &city); err != nil {
		return err
	}
	fmt.Printf("inserted %s, %s\n", name, city)
	moved, err := pool.Exec(ctx, "UPDATE owner SET city = $1 WHERE name = $2", "Springfield", "John Doe")
	if err != nil {
		return err
	}
	fmt.Printf("updated %d\n", moved.RowsAffected())
	return nil
}

// withRetry runs work in a transaction, again when it loses: who commits first wins, the other hears 40001.
func withRetry(ctx context.Context, pool *pgxpool.Pool, work func(pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := pgx.BeginFunc(ctx, pool, work)
		var refused *pgconn.PgError
		if err == nil || !errors.As(err, &refused) || refused.Code != "40001" || attempt == 5 {
			return err
		}
		time.Sleep(time.Duration(rand.Int64N(int64(50*time.Millisecond) << attempt)))
	}
}

// conflict has another transaction change the row between reading and COMMIT, the first time.
func conflict(ctx context.Context, pool *pgxpool.Pool) error {
	attempts := 0
	err := withRetry(ctx, pool, func(tx pgx.Tx) error {
		attempts++
		var city string
		if err := tx.QueryRow(ctx, "SELECT city FROM owner WHERE name = 'John Doe'").Scan(&city); err != nil {
			return err
		}
		if attempts == 1 {
			if _, err := pool.Exec(ctx, "UPDATE owner SET city = 'Capital City' WHERE name = 'John Doe'"); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "UPDATE owner SET city = city || '!' WHERE name = 'John Doe'")
		return err
	})
	if err != nil {
		return err
	}
	var city string
	if err := pool.QueryRow(ctx, "SELECT city FROM owner WHERE name = 'John Doe'").Scan(&city); err != nil {
		return err
	}
	fmt.Printf("after %d attempts: %s\n", attempts, city)
	return nil
}
