CREATE TABLE "drizzle_owner" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" varchar(30) NOT NULL,
	"city" varchar(80) NOT NULL,
	"telephone" varchar(20)
);
--> statement-breakpoint
CREATE INDEX "drizzle_owner_name" ON "drizzle_owner" USING btree ("name");