/**
 * Amazon ECR as far as the CDK's bootstrap goes: a repository by name. Images are not stored; functions here are zips.
 */

import { join } from "node:path";

import type { Authorizer } from "./authorization.ts";
import { permissionTable } from "./permissions/index.ts";
import { type JsonObject, jsonService, requiredText, textList } from "./protocol/index.ts";
import { ServiceError, type Service } from "./service.ts";
import { StateList } from "./state-file.ts";
import { number, object, text } from "./state-shape.ts";

interface Repository {
  readonly name: string;
  readonly createdAtMs: number;
}

/** AWS's quota. */
const repositoriesMax = 10_000;

export class Repositories {
  readonly #repositories: StateList<Repository>;

  /** @throws {Error} the file is damaged */
  constructor(dataDir: string) {
    this.#repositories = new StateList({
      file: join(dataDir, "ecr.json"),
      item: object({ name: text, createdAtMs: number }),
      nameOf: ({ name }) => name,
    });
  }

  all(): readonly Repository[] {
    return this.#repositories.all();
  }

  /** @throws {ServiceError} RepositoryNotFoundException */
  get(name: string): Repository {
    const repository = this.#repositories.find(name);
    if (repository !== undefined) return repository;
    throw new ServiceError({
      code: "RepositoryNotFoundException",
      message: `The repository with name '${name}' does not exist in the registry`,
    });
  }

  create(name: string): Repository {
    if (this.#repositories.find(name) !== undefined) {
      throw new ServiceError({
        code: "RepositoryAlreadyExistsException",
        message: `The repository with name '${name}' already exists in the registry`,
      });
    }
    if (this.#repositories.size >= repositoriesMax) {
      throw new ServiceError({
        code: "LimitExceededException",
        message: `A registry can have ${repositoriesMax} repositories.`,
      });
    }
    const repository = { name, createdAtMs: Date.now() };
    this.#repositories.set(repository);
    return repository;
  }

  delete(name: string): boolean {
    return this.#repositories.delete(name);
  }
}

export function createEcr(options: {
  repositories: Repositories;
  account: string;
  region: string;
  authorize: Authorizer;
}): Service {
  const { repositories, account, region } = options;

  const arnOf = (name: string): string => `arn:aws:ecr:${region}:${account}:repository/${name}`;

  const describe = (repository: Repository): JsonObject => ({
    repositoryName: repository.name,
    repositoryArn: arnOf(repository.name),
    registryId: account,
    repositoryUri: `${account}.dkr.ecr.${region}.amazonaws.com/${repository.name}`,
    createdAt: repository.createdAtMs / 1_000,
    imageTagMutability: "IMMUTABLE",
    imageScanningConfiguration: { scanOnPush: false },
  });

  return jsonService({
    name: "ECR",
    access: { table: permissionTable.ecr, account, authorize: options.authorize, facts: {} },
    operations: {
      DescribeRepositories(input) {
        const names = textList(input, "repositoryNames");
        const found = names.length === 0 ? repositories.all() : names.map((name) => repositories.get(name));
        return { repositories: found.map(describe) };
      },

      CreateRepository: (input) => ({
        repository: describe(repositories.create(requiredText(input, "repositoryName"))),
      }),

      DeleteRepository(input) {
        const repository = repositories.get(requiredText(input, "repositoryName"));
        repositories.delete(repository.name);
        return { repository: describe(repository) };
      },

      DescribeImages(input) {
        repositories.get(requiredText(input, "repositoryName"));
        return { imageDetails: [] };
      },

      ListImages(input) {
        repositories.get(requiredText(input, "repositoryName"));
        return { imageIds: [] };
      },
    },
  });
}
