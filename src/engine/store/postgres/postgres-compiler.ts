import { type CompiledQuery, PostgresQueryCompiler } from 'kysely';

/** No text in PostgreSQL holds NUL, which it refuses even to look for: this is as little there. */
const searchable = (parameter: unknown): unknown =>
  typeof parameter === 'string' ? parameter.replaceAll('\0', '\uFFFD') : parameter;

/** Makes queries that look for whatever a caller has sent, and find nothing if it cannot be there. */
export class SearchCompiler extends PostgresQueryCompiler {
  override compileQuery(
    ...[node, id]: Parameters<PostgresQueryCompiler['compileQuery']>
  ): CompiledQuery {
    const query = super.compileQuery(node, id);
    const isSearch = node.kind === 'SelectQueryNode';
    return isSearch ? { ...query, parameters: query.parameters.map(searchable) } : query;
  }
}
