import type * as Koffi from "koffi";
import { UserError } from "../../errors.ts";
import { LAUNCHERS, launchedRank } from "./launcher.node.ts";

/** Calls of the system's MPI library. Buffers are typed arrays; a code other than 0 is an error. */
export interface MpiLibrary {
  /** "Open MPI v4.1.4, …". */
  readonly version: string;
  /** `name(…arguments)`, an MPI function that returns an error code. */
  call(name: keyof typeof FUNCTIONS, ...args: readonly unknown[]): void;
  /** A copy of the communicator of all ranks, to itself. */
  duplicate(): Handle;
  readonly world: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly byte: Handle;
  readonly sum: Handle;
  readonly inPlace: bigint;
  readonly statusIgnore: bigint;
  /** Room for a request. */
  request(): Int32Array | BigInt64Array;
}

/** Open MPI's handles are pointers, MPICH's are ints. */
type Handle = bigint | number;

/** Argument types by function: p a pointer, i an int, h a handle. */
const FUNCTIONS = {
  MPI_Init: "pp",
  MPI_Finalize: "",
  MPI_Abort: "hi",
  MPI_Comm_rank: "hp",
  MPI_Comm_size: "hp",
  MPI_Comm_dup: "hp",
  MPI_Allreduce: "ppihhh",
  MPI_Allgather: "pihpihh",
  MPI_Bcast: "pihih",
  MPI_Barrier: "h",
  MPI_Ibarrier: "hp",
  MPI_Test: "ppp",
} as const;

/** The constants of an implementation: MPI fixes their names, and not their values. */
interface Flavour {
  readonly handle: "void *" | "int";
  readonly constants: (symbol: (name: string) => bigint) => Omit<Constants, "request">;
}
type Constants = Pick<
  MpiLibrary,
  "world" | "float" | "double" | "byte" | "sum" | "inPlace" | "statusIgnore" | "request"
>;

const OPEN_MPI: Flavour = {
  handle: "void *",
  constants: (symbol) => ({
    world: symbol("ompi_mpi_comm_world"),
    float: symbol("ompi_mpi_float"),
    double: symbol("ompi_mpi_double"),
    byte: symbol("ompi_mpi_byte"),
    sum: symbol("ompi_mpi_op_sum"),
    inPlace: 1n,
    statusIgnore: 0n,
  }),
};

/** MPICH's numbers (mpi.h.in), which Intel MPI, MVAPICH and Cray MPICH share by the common ABI. */
const MPICH: Flavour = {
  handle: "int",
  constants: () => ({
    world: 0x44000000,
    float: 0x4c00040a,
    double: 0x4c00080b,
    byte: 0x4c00010d,
    sum: 0x58000003,
    inPlace: -1n,
    statusIgnore: 1n,
  }),
};

/** What each implementation's library is called, the newest first. */
const NAMES = {
  openmpi: ["libmpi.so.40", "libmpi.40.dylib"],
  mpich: ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib"],
} as const;

/** @throws UserError where no launcher started this process, or koffi or an MPI library is not there. */
export async function openLibrary(
  env: NodeJS.ProcessEnv = process.env,
  importKoffi: () => Promise<typeof Koffi> = () => import("koffi"),
): Promise<MpiLibrary> {
  if (launchedRank(env) === undefined)
    throw new UserError(
      "option `parallel` mpi was given, but no MPI launcher started this process: start it as `mpirun -n 4 galatea train …` (or by srun --mpi=pmix)",
    );
  const koffi = await importKoffi().catch(() => {
    throw new UserError(
      "option `parallel` mpi needs the npm package koffi, which is not installed here: npm install koffi",
    );
  });
  const preferred = env[LAUNCHERS.openmpi] === undefined && env[LAUNCHERS.mpich] !== undefined;
  const names = preferred ? [...NAMES.mpich, ...NAMES.openmpi] : [...NAMES.openmpi, ...NAMES.mpich];
  const given = env.GALATEA_MPI;
  const library = firstOf(koffi, given === undefined ? names : [given]);
  if (!library)
    throw new UserError(
      given === undefined
        ? "option `parallel` mpi needs an MPI library, and none was found (looked for " +
            `${names.join(", ")}). On Debian and Ubuntu: apt-get install openmpi-bin. One elsewhere: its path in GALATEA_MPI`
        : `GALATEA_MPI is ${given}, which is no library that can be loaded: give the path of libmpi.so`,
    );
  return bind(library);
}

type Library = Koffi.LibraryHandle;

/** Its own plugins look for its symbols among those of the process, so it is loaded globally. */
function firstOf({ load }: typeof Koffi, names: readonly string[]): Library | undefined {
  for (const name of names)
    try {
      return load(name, { global: true, lazy: true });
    } catch {
      // The next name.
    }
  return undefined;
}

function bind(library: Library): MpiLibrary {
  const text = new Uint8Array(8192);
  const length = new Int32Array(1);
  library.func("MPI_Get_library_version", "int", ["void *", "void *"])(text, length);
  const version = new TextDecoder().decode(text.subarray(0, length[0])).split("\n")[0]!;
  const open = /open mpi/i.test(version);
  const { handle, constants } = open ? OPEN_MPI : MPICH;
  const types = { p: "void *", i: "int", h: handle } as const;
  const made = new Map(
    Object.entries(FUNCTIONS).map(([name, signature]) => [
      name,
      library.func(
        name,
        "int",
        Array.from(signature, (letter) => types[letter as keyof typeof types]),
      ) as (...args: readonly unknown[]) => number,
    ]),
  );
  const call: MpiLibrary["call"] = (name, ...args) => {
    const code = made.get(name)!(...args);
    if (code !== 0) throw new Error(`${name} failed with code ${code} (${version})`);
  };
  const known = constants((name) => library.symbol(name) as bigint);
  const request = (): Int32Array | BigInt64Array => (open ? new BigInt64Array(1) : new Int32Array(1));
  return {
    version,
    call,
    ...known,
    request,
    duplicate: () => {
      const copy = request();
      call("MPI_Comm_dup", known.world, copy);
      return copy[0]!;
    },
  };
}
