/** An HTTP API in front of a function that knows the API's own address: the CDK's `HttpApi` with `HttpLambdaIntegration`. */
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import * as cdk from "aws-cdk-lib";
import * as gateway from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import * as lambda from "aws-cdk-lib/aws-lambda";

const folder = path.dirname(fileURLToPath(import.meta.url));

class ApiStack extends cdk.Stack {
  constructor(scope, id) {
    super(scope, id);
    const handler = (name, environment) =>
      new lambda.Function(this, name, {
        runtime: lambda.Runtime.NODEJS_22_X,
        handler: "index.handler",
        code: lambda.Code.fromAsset(path.join(folder, "api")),
        environment,
      });
    const api = new gateway.HttpApi(this, "Api", {
      corsPreflight: {
        allowOrigins: ["https://shop.example"],
        allowMethods: [gateway.CorsHttpMethod.GET, gateway.CorsHttpMethod.POST],
        allowHeaders: ["content-type"],
        maxAge: cdk.Duration.minutes(5),
      },
    });
    const items = new HttpLambdaIntegration("Items", handler("ItemsFunction", { API_URL: api.url }));
    api.addRoutes({ path: "/items/{id}", methods: [gateway.HttpMethod.GET], integration: items });
    api.addRoutes({ path: "/items", methods: [gateway.HttpMethod.POST], integration: items });
    api.addRoutes({ path: "/broken", methods: [gateway.HttpMethod.ANY], integration: items });
    new gateway.HttpStage(this, "Beta", { httpApi: api, stageName: "beta", autoDeploy: true });
    const open = new gateway.HttpApi(this, "Open", {
      defaultIntegration: new HttpLambdaIntegration("All", handler("AllFunction", {})),
    });
    new cdk.CfnOutput(this, "Url", { value: api.url });
    new cdk.CfnOutput(this, "Endpoint", { value: api.apiEndpoint });
    new cdk.CfnOutput(this, "OpenUrl", { value: open.url });
  }
}

const app = new cdk.App();
new ApiStack(app, "ApiStack");
