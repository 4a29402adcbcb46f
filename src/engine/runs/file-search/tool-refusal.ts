import { ModelFailure, type ModelRequest } from '../../models/model.ts';

/** What servers say whose model, or whose configuration, has no function calls. */
const patterns: readonly RegExp[] = [
  /(?:not|n't) support (?:the )?(?:tools?|functions?)\b/iu,
  /(?:tools?|function)(?:[ -]?(?:call(?:s|ing)?|use))?['"`]? (?:is|are) not (?:supported|enabled|available)/iu,
  /endpoints found that support tool/iu,
  /tool choice requires --enable-auto-tool-choice/iu,
  /tools param requires --jinja/iu,
  /(?:not|n't) support parameters: \[['"]tools?['"]/iu,
  /unsupported (?:parameter|value|field|argument):? ['"`]?(?:tools|functions)\b/iu,
];

/** The error of a model call; that of a model without function calls says what file_search needs. */
export function explainToolRefusal(error: unknown, request: ModelRequest): unknown {
  if (request.searchFunction === undefined || !(error instanceof ModelFailure)) return error;
  const { code, message, status } = error;
  if (!patterns.some((pattern) => pattern.test(message))) return error;
  const { model } = request.settings;
  return new ModelFailure(
    code,
    `file_search needs a model that can call functions, which ${model} cannot here: use another model, or run the assistant without file_search. The endpoint says: ${message}`,
    null,
    status,
  );
}
