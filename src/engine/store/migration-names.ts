/** The migrations in their order: whoever only compares them need not load the code. */
export const migrationNames = [
  '0001_threads_and_runs',
  '0002_claims',
  '0003_containers',
  '0004_files',
  '0005_gone',
  '0006_clocks',
  '0007_idempotency_keys',
  '0008_waiting_requests',
  '0009_local_files',
  '0010_vector_stores',
  '0011_chunks',
  '0012_runs_in_order',
] as const;
