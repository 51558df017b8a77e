-- Create, read, update and delete an owner. Each statement is a transaction: DSQL takes one DDL statement in each.
CREATE TABLE IF NOT EXISTS owner (
  id UUID NOT NULL DEFAULT gen_random_uuid(),
  name VARCHAR(30) NOT NULL,
  city VARCHAR(80) NOT NULL,
  telephone VARCHAR(20) DEFAULT NULL,
  PRIMARY KEY (id)
);

INSERT INTO owner (name, city, telephone) VALUES ('John Doe', 'Anytown', '555-555-1999');
SELECT name, city, telephone FROM owner WHERE name = 'John Doe';
UPDATE owner SET city = 'Springfield' WHERE name = 'John Doe';
DELETE FROM owner WHERE name = 'John Doe';
