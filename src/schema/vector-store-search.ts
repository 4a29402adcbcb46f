import type OpenAI from 'openai';
import * as z from 'zod';
import { integer, list, text } from './common.ts';

/** Queries of one search. */
const maxQueries = 32;

/** Filters that are combined on one level. */
const maxFilters = 100;

/** Values of one comparison. */
const maxValues = 1000;

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const comparison = z.strictObject({
  type: z.enum(['eq', 'ne', 'gt', 'gte', 'lt', 'lte']),
  key: text(64),
  value: scalar,
});

const membership = z.strictObject({
  type: z.enum(['in', 'nin']),
  key: text(64),
  value: list(scalar, maxValues),
});

/** A condition on the attributes of files, which may consist of others. */
export type AttributeFilter =
  | z.output<typeof comparison>
  | z.output<typeof membership>
  | { type: 'and' | 'or'; filters: AttributeFilter[] };

export const attributeFilter: z.ZodType<AttributeFilter> = z.lazy(() =>
  z.discriminatedUnion('type', [
    comparison,
    membership,
    z.strictObject({ type: z.enum(['and', 'or']), filters: list(attributeFilter, maxFilters, 1) }),
  ]),
);

/** Comparisons and values of a whole filter: each file of the store is compared with them. */
const maxFilterSize = 1000;

const sizeOf = (filter: AttributeFilter): number => {
  if ('filters' in filter) return filter.filters.reduce((sum, inner) => sum + sizeOf(inner), 1);
  return Array.isArray(filter.value) ? filter.value.length + 1 : 1;
};

const boundedFilter = attributeFilter.refine((filter) => sizeOf(filter) <= maxFilterSize, {
  error: `The filter has more than ${maxFilterSize} comparisons and values.`,
});

const share = z.number().min(0).max(1);

/** Body of `POST /vector_stores/{vector_store_id}/search`. */
export const searchVectorStore = z.strictObject({
  query: z.union([z.string(), list(z.string(), maxQueries, 1)]),
  filters: boundedFilter.nullable().exactOptional(),
  max_num_results: integer(1, 50).nullable().exactOptional(),
  ranking_options: z
    .strictObject({
      ranker: z
        .enum(['none', 'auto', 'default-2024-11-15', 'default_2024_08_21', 'default-2024-08-21'])
        .exactOptional(),
      score_threshold: share.nullable().exactOptional(),
      hybrid_search: z
        .strictObject({
          embedding_weight: z.number().min(0).max(1000),
          text_weight: z.number().min(0).max(1000),
        })
        .nullable()
        .exactOptional(),
    })
    .nullable()
    .exactOptional(),
  rewrite_query: z.boolean().nullable().exactOptional(),
});

/** Every body of the SDK is valid. */
type Accepts<Body extends z.input<typeof searchVectorStore>> = Body;
export type SdkSearchBody = Accepts<
  Omit<OpenAI.VectorStoreSearchParams, 'filters'> & { filters?: AttributeFilter }
>;
