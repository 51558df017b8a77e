/**
 * The forms in which AWS services speak: the query protocol with its XML, JSON 1.1 and REST-JSON, pages of lists.
 *
 * Promises: what a service's operations take and give is the same whatever the form; a request that is not of its form is
 * refused with AWS's own code.
 */
export {
  jsonErrorResponse,
  type JsonObject,
  type JsonOperation,
  jsonService,
  optionalText,
  parseJsonBody,
  requiredText,
  restJsonErrorResponse,
  textList,
} from "./json.ts";
export { type Page, paginate } from "./pages.ts";
export {
  notOffered,
  queryErrorResponse,
  QueryInput,
  type QueryOperation,
  queryService,
  validationError,
} from "./query.ts";
export { document, members, parseXml, type XmlValue } from "./xml.ts";
