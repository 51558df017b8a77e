-- CreateIndex
CREATE INDEX ASYNC "owner_name" ON "owner"("name");
