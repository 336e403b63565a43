/** The variables by which launchers tell a process its rank: mpirun of Open MPI, of MPICH and its kin, and srun. */
export const LAUNCHERS = { openmpi: "OMPI_COMM_WORLD_RANK", mpich: "PMI_RANK", pmix: "PMIX_RANK" } as const;

/** The rank that a launcher has given this process; undefined where none has. */
export function launchedRank(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const name = Object.values(LAUNCHERS).find((variable) => env[variable] !== undefined);
  return name === undefined ? undefined : Number(env[name]);
}
