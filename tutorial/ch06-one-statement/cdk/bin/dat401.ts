import { App } from "aws-cdk-lib";
import { Dat401Stack } from "../lib/dat401-stack";

const app = new App();

// No account or region here: the CDK takes them from your credentials, so the same app deploys to whichever
// account AWS_ENDPOINT_URL and AWS_PROFILE point at.
new Dat401Stack(app, "ReinventDat401Stack");
