/**
 * ESLint sees here what the compiler does not: promises nobody waits for, switches with a missing case, `any` that
 * slips in from outside. Layout is Prettier's, unused names are the compiler's.
 */
import tseslint from "typescript-eslint";

const typeScript = ["**/*.ts", "**/*.tsx", "**/*.cts"];
const tests = ["**/*.test.ts", "**/test/**/*.ts"];
const libraries = ["packages/{spec,account,cluster,cloud,load}/src/**/*.ts"];

export default tseslint.config(
  {
    ignores: [
      "**/dist/",
      "**/node_modules/",
      "**/cdk.out/",
      "**/.dsql/",
      "coverage/",
      "samples/.venv/",
      "tutorial/my-dsql-app/",
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: typeScript,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ["error", "always"],
      "no-constant-binary-expression": "error",
      "no-control-regex": "error",
      "no-self-compare": "error",
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          // node:test keeps the promises of its own tests.
          allowForKnownSafeCalls: [
            { from: "package", package: "node:test", name: ["test", "it", "describe", "suite"] },
          ],
        },
      ],
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-unused-vars": "off",
      // An interface may ask for a promise that one of its implementations has at once.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    // Each chapter is a project of its own with the CDK's types, a gigabyte each; its own build checks the types.
    files: ["tutorial/{starter-kit,ch*}/**/*.ts"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      "@typescript-eslint/return-await": "off",
      "@typescript-eslint/switch-exhaustiveness-check": "off",
    },
  },
  {
    // Their packages are installed apart; samples/test/types.test.ts checks the types when they are.
    files: ["samples/**/*.ts"],
    ignores: ["samples/test/**"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      "@typescript-eslint/return-await": "off",
      "@typescript-eslint/switch-exhaustiveness-check": "off",
    },
  },
  {
    // The libraries speak through their Log and their errors; only the command line prints.
    files: libraries,
    ignores: tests,
    rules: { "no-console": "error" },
  },
  {
    files: tests,
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
