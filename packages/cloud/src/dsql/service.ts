/**
 * The control plane's API: REST-JSON requests to operations, and what comes back in the API's shapes.
 *
 * The Region is that of each request, as signed: an identifier is looked for there only.
 *
 * Source: Aurora DSQL API Reference (2018-05-10); shapes as in `@aws-sdk/client-dsql`.
 * Tests: test/dsql-control-plane.test.ts, with the SDK's own client.
 */
import { type Authorizer, Gate } from "../authorization.ts";
import { permissionTable } from "../permissions/index.ts";
import { type JsonObject, notOffered, parseJsonBody } from "../protocol/index.ts";
import {
  type Caller,
  ServiceError,
  type Service,
  type ServiceRequest,
  type ServiceResponse,
} from "../service.ts";
import { type ClusterView, type DsqlControlPlane, encryptionDetails, vpcEndpoint } from "./control-plane.ts";
import { invalidField, invalidRequest, notFound } from "./errors.ts";
import {
  checkTags,
  clientToken,
  flagField,
  identifier,
  keyField,
  pageSize,
  requiredText,
  tagsField,
  textField,
} from "./fields.ts";
import { multiRegionField } from "./multi-region.ts";
import { checkPolicy } from "./policy.ts";
import { streamRequest, Streams } from "./streams.ts";

type Output = JsonObject | undefined;

/** One request, with what its path names. */
interface Call extends ServiceRequest {
  readonly input: JsonObject;
  /** The first part of the path that is variable: an identifier or an ARN. */
  readonly name: string;
  /** The second. */
  readonly innerName: string;
}

interface Route {
  readonly method: string;
  readonly path: RegExp;
  readonly operation: string;
  readonly run: (call: Call) => Promise<Output> | Output;
}

export function createDsql(plane: DsqlControlPlane, authorize: Authorizer): Service {
  const services = { plane, authorize, streams: new Streams(plane) };
  const routes = [
    ...collectionRoutes(services),
    ...clusterRoutes(services),
    ...policyRoutes(services),
    ...tagRoutes(services),
    ...streamRoutes(services),
  ];
  const gate = new Gate({
    table: permissionTable.dsql,
    operations: routes.map(({ operation }) => operation),
    account: plane.account,
    authorize,
    facts: {},
  });
  return {
    async handle(request: ServiceRequest): Promise<ServiceResponse> {
      const path = decoded(request.path);
      for (const route of routes) {
        const match = route.method === request.method ? route.path.exec(path) : null;
        if (match === null) continue;
        const [, name = "", innerName = ""] = match;
        const call = { ...request, input: inputOf(request), name, innerName };
        refuseNoIdentifier(path, name, innerName);
        gate.admit(route.operation, call, request);
        const output = await route.run(call);
        const headers = { "content-type": "application/json" };
        return { status: 200, headers, body: JSON.stringify(output ?? {}) };
      }
      const offered = [...new Set(routes.map((route) => route.operation))];
      throw notOffered("DSQL", `${request.method} ${request.path}`, offered);
    },
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw invalidRequest("The path is not percent-encoded as it should be.", "cannotParse");
  }
}

/** What a path names are identifiers, but for the ARN of something with tags. */
function refuseNoIdentifier(path: string, name: string, innerName: string): void {
  if (path.startsWith("/tags/")) return;
  if (name !== "") identifier(name);
  if (innerName !== "") identifier(innerName, "streamIdentifier");
}

function inputOf(request: ServiceRequest): JsonObject {
  try {
    return parseJsonBody(request.body);
  } catch (error) {
    throw error instanceof ServiceError ? invalidRequest(error.message, "cannotParse") : error;
  }
}

interface Services {
  readonly plane: DsqlControlPlane;
  readonly authorize: Authorizer;
  readonly streams: Streams;
}

/** What concerns no cluster that is there already. */
function collectionRoutes({ plane, authorize }: Services): readonly Route[] {
  return [
    {
      method: "POST",
      path: /^\/cluster$/,
      operation: "CreateCluster",
      run: async ({ input, caller, region }) => {
        const request = createRequest(input);
        const resourceArn = `arn:aws:dsql:${region}:${plane.account}:cluster/*`;
        refuseLockout({ caller, region, resourceArn }, authorize, request.policy, input);
        return describe(await plane.create(request, region));
      },
    },
    {
      method: "GET",
      path: /^\/cluster$/,
      operation: "ListClusters",
      run: ({ region, query }) => {
        const clusters = plane.list(region).map(({ cluster: { id, arn } }) => ({ identifier: id, arn }));
        return page("clusters", clusters, ({ identifier: id }) => id, query);
      },
    },
  ];
}

function clusterRoutes({ plane }: Services): readonly Route[] {
  const path = /^\/cluster\/([^/]+)$/;
  return [
    {
      method: "GET",
      path,
      operation: "GetCluster",
      run: (call) => {
        const view = plane.get(call.name, call.region);
        return { ...describe(view), tags: view.record.tags };
      },
    },
    {
      method: "POST",
      path,
      operation: "UpdateCluster",
      run: async (call) => {
        const request = settings(call.input);
        clientToken(textField(call.input, "clientToken")); // An update may be made twice; the token only has to be one.
        return brief(await plane.update(call.name, call.region, request));
      },
    },
    {
      method: "DELETE",
      path,
      operation: "DeleteCluster",
      run: async (call) => {
        clientToken(call.query.get("client-token"));
        return brief(await plane.delete(call.name, call.region));
      },
    },
    {
      method: "GET",
      path: /^\/clusters\/([^/]+)\/vpc-endpoint-service-name$/,
      operation: "GetVpcEndpointServiceName",
      run: (call) => {
        return { ...vpcEndpoint(plane.get(call.name, call.region).cluster) };
      },
    },
  ];
}

function policyRoutes({ plane, authorize }: Services): readonly Route[] {
  const path = /^\/cluster\/([^/]+)\/policy$/;
  return [
    {
      method: "POST",
      path,
      operation: "PutClusterPolicy",
      run: async (call) => {
        const { input, name, region, caller } = call;
        const document = requiredText(input, "policy");
        const resourceArn = `arn:aws:dsql:${region}:${plane.account}:cluster/${name}`;
        refuseLockout({ caller, region, resourceArn }, authorize, document, input);
        const expectedVersion = textField(input, "expectedPolicyVersion");
        const token = clientToken(textField(input, "clientToken"));
        const change = { document, expectedVersion, clientToken: token };
        return { policyVersion: await plane.setPolicy(name, region, change) };
      },
    },
    {
      method: "GET",
      path,
      operation: "GetClusterPolicy",
      run: (call) => {
        const { cluster, record } = plane.get(call.name, call.region);
        if (cluster.policy === undefined) throw notFound("cluster-policy", call.name);
        return { policy: cluster.policy, policyVersion: record.policyVersion };
      },
    },
    {
      method: "DELETE",
      path,
      operation: "DeleteClusterPolicy",
      run: async (call) => {
        const expectedVersion = call.query.get("expected-policy-version") ?? undefined;
        const token = clientToken(call.query.get("client-token"));
        const change = { document: undefined, expectedVersion, clientToken: token };
        return { policyVersion: await plane.setPolicy(call.name, call.region, change) };
      },
    },
  ];
}

/** @throws {ServiceError} ValidationException: the policy is none, or nobody who puts it could change it again */
function refuseLockout(
  about: { readonly caller: Caller; readonly region: string; readonly resourceArn: string },
  authorize: Authorizer,
  document: string | undefined,
  input: JsonObject,
): void {
  const isBypassed = flagField(input, "bypassPolicyLockoutSafetyCheck") === true;
  if (document === undefined) return;
  const policy = checkPolicy(document);
  const { caller, region, resourceArn } = about;
  if (
    isBypassed ||
    wouldAllow(() => {
      authorize(caller, "dsql:PutClusterPolicy", resourceArn, { region, resourcePolicy: policy });
    })
  )
    return;
  throw invalidRequest(
    "The policy would keep you from changing it again (dsql:PutClusterPolicy). Set bypassPolicyLockoutSafetyCheck to put it all the same.",
  );
}

function wouldAllow(ask: () => void): boolean {
  try {
    ask();
    return true;
  } catch {
    return false;
  }
}

function tagRoutes(services: Services): readonly Route[] {
  const path = /^\/tags\/(.+)$/;
  const route = (method: string, operation: string, run: (tagged: Tagged, call: Call) => Output): Route => ({
    method,
    path,
    operation,
    run: (call) => run(taggedResource(services, call), call),
  });
  return [
    route("POST", "TagResource", (tagged, { input }) => {
      tagged.set(checkTags({ ...tagged.tags, ...(tagsField(input) ?? {}) }));
      return undefined;
    }),
    route("DELETE", "UntagResource", (tagged, { query }) => {
      const removed = new Set(query.getAll("tagKeys"));
      tagged.set(Object.fromEntries(Object.entries(tagged.tags).filter(([key]) => !removed.has(key))));
      return undefined;
    }),
    route("GET", "ListTagsForResource", ({ tags }) => ({ tags })),
  ];
}

interface Tagged {
  readonly tags: Readonly<Record<string, string>>;
  set(tags: Readonly<Record<string, string>>): void;
}

/** A cluster or a stream by its ARN. @throws {ServiceError} it is none, or not there */
function taggedResource({ plane, streams }: Services, call: Call): Tagged {
  const { region, name: arn } = call;
  const match =
    /^arn:aws:dsql:([a-z0-9-]+):(\d{12}):cluster\/([a-z0-9]{26})(?:\/stream\/([a-z0-9]{26}))?$/.exec(arn);
  if (match === null) throw invalidField("resourceArn", "the ARN of a cluster or a stream");
  const [, arnRegion, account, id = "", stream] = match;
  if (arnRegion !== region || account !== plane.account) throw notFound("cluster", arn);
  if (stream === undefined)
    return {
      tags: plane.get(id, region).record.tags,
      set: (tags) => {
        plane.setTags(id, region, tags);
      },
    };
  return {
    tags: streams.tags(id, region, stream),
    set: (tags) => {
      streams.setTags(id, region, stream, tags);
    },
  };
}

function streamRoutes({ streams }: Services): readonly Route[] {
  const ofCluster = /^\/stream\/([^/]+)$/;
  const ofStream = /^\/stream\/([^/]+)\/([^/]+)$/;
  return [
    {
      method: "POST",
      path: ofCluster,
      operation: "CreateStream",
      run: (call) => {
        return streams.create(call.name, call.region, streamRequest(call.input));
      },
    },
    {
      method: "GET",
      path: ofCluster,
      operation: "ListStreams",
      run: (call) => {
        const all = streams.list(call.name, call.region);
        return page("streams", all, (stream) => String(stream["streamIdentifier"]), call.query);
      },
    },
    {
      method: "GET",
      path: ofStream,
      operation: "GetStream",
      run: (call) => {
        return streams.get(call.name, call.region, call.innerName);
      },
    },
    {
      method: "DELETE",
      path: ofStream,
      operation: "DeleteStream",
      run: (call) => {
        return streams.delete(call.name, call.region, call.innerName);
      },
    },
  ];
}

function settings(input: JsonObject) {
  return {
    deletionProtectionEnabled: flagField(input, "deletionProtectionEnabled"),
    kmsEncryptionKey: keyField(input),
    multiRegion: multiRegionField(input),
  };
}

function createRequest(input: JsonObject) {
  return {
    ...settings(input),
    tags: tagsField(input),
    policy: textField(input, "policy"),
    clientToken: clientToken(textField(input, "clientToken")),
  };
}

function brief({ cluster, record, status }: ClusterView): JsonObject {
  return { identifier: cluster.id, arn: cluster.arn, status, creationTime: record.createdAtMs / 1_000 };
}

function describe(view: ClusterView): JsonObject {
  const { cluster, record } = view;
  const { multiRegion } = record;
  return {
    ...brief(view),
    deletionProtectionEnabled: record.deletionProtectionEnabled,
    encryptionDetails: encryptionDetails(record),
    endpoint: cluster.endpoint,
    // The service lists the cluster itself among those it is peered with.
    ...(multiRegion !== undefined && {
      multiRegionProperties: {
        witnessRegion: multiRegion.witnessRegion,
        clusters: [cluster.arn, ...multiRegion.peers],
      },
    }),
  };
}

/**
 * One page of a list in the order of its ids. The token is the last id given, so it stays good when others come and go.
 *
 * @throws {ServiceError} ValidationException: the page size or the token is none
 */
function page<Item>(
  member: string,
  items: readonly Item[],
  idOf: (item: Item) => string,
  query: URLSearchParams,
): JsonObject {
  const size = pageSize(query);
  const token = query.get("next-token");
  const after = token === null ? "" : Buffer.from(token, "base64url").toString("utf8");
  if (token !== null && !/^[a-z0-9]{26}$/.test(after))
    throw invalidField("nextToken", "one that this API gave");
  const rest = items.filter((item) => idOf(item) > after);
  const shown = rest.slice(0, size);
  const last = shown.at(-1);
  const nextToken = last === undefined || rest.length <= size ? {} : { nextToken: encodeToken(idOf(last)) };
  return { [member]: shown, ...nextToken };
}

function encodeToken(id: string): string {
  return Buffer.from(id, "utf8").toString("base64url");
}
