-- CreateTable
CREATE TABLE "prisma_owner" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "name" VARCHAR(30) NOT NULL,
    "city" VARCHAR(80) NOT NULL,
    "telephone" VARCHAR(20),

    CONSTRAINT "prisma_owner_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "prisma_owner_name" ON "prisma_owner"("name");
