using System.Globalization;

namespace GpuCnn.Engine.Distributed;

/// <summary>
/// How a launcher started this process together with others, from environment variables alone: nothing is loaded, nothing is asked.
/// </summary>
/// <param name="Launcher">Which launcher, or which interface between launcher and library, set the variables.</param>
/// <param name="Rank">This process's number.</param>
/// <param name="Size">Number of processes, 2 or more. Null where variables do not say, as with PMIx: then the library knows.</param>
/// <param name="LocalRank">This process's number among those of its host, or null where variables do not say.</param>
/// <param name="LocalSize">Number of processes on its host, or null where variables do not say.</param>
public sealed record Launch(Launcher Launcher, int Rank, int? Size, int? LocalRank, int? LocalSize)
{
    /// <summary>
    /// The variables of each launcher. The first whose variables are there decides: launchers inside others come first, as an mpirun in a
    /// job of Slurm. In a batch script of Slurm without srun, SLURM_NTASKS is set and SLURM_STEP_NUM_TASKS is not: it is alone.
    /// </summary>
    private static readonly (Launcher Launcher, string Rank, string[] Size, string[] LocalRank, string[] LocalSize)[] Variables =
    [
        (Launcher.OpenMpi, "OMPI_COMM_WORLD_RANK", ["OMPI_COMM_WORLD_SIZE"], ["OMPI_COMM_WORLD_LOCAL_RANK"],
            ["OMPI_COMM_WORLD_LOCAL_SIZE"]),
        (Launcher.Mpich, "PMI_RANK", ["PMI_SIZE"], ["MPI_LOCALRANKID", "SLURM_LOCALID"], ["MPI_LOCALNRANKS"]),
        (Launcher.Pmix, "PMIX_RANK", ["SLURM_STEP_NUM_TASKS"], ["SLURM_LOCALID"], []),
        (Launcher.Slurm, "SLURM_PROCID", ["SLURM_STEP_NUM_TASKS"], ["SLURM_LOCALID"], []),
        (Launcher.Torchrun, "RANK", ["WORLD_SIZE"], ["LOCAL_RANK"], ["LOCAL_WORLD_SIZE"]),
    ];

    /// <summary>Returns how this process was started, or null if it was started by itself.</summary>
    public static Launch? Find() => Find(Environment.GetEnvironmentVariable);

    /// <inheritdoc cref="Find()"/>
    /// <param name="variable">Returns the value of an environment variable, or null.</param>
    public static Launch? Find(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        foreach (var names in Variables)
        {
            if (Number([names.Rank], variable) is not { } rank) continue;
            int? size = Number(names.Size, variable), localRank = Number(names.LocalRank, variable);
            // Only PMIx leaves the size to the library. RANK alone may be anything.
            if (size is null && names.Launcher != Launcher.Pmix) continue;
            if (names.Launcher == Launcher.Torchrun && localRank is null) continue;
            if (size == 1) return null;
            if (rank >= size) continue;
            int? localSize = Number(names.LocalSize, variable) ?? SlurmLocalSize(variable);
            return new(names.Launcher, rank, size, localRank, localSize >= 1 ? localSize : null);
        }
        return null;
    }

    /// <summary>For messages: "mpirun of Open MPI started 4 processes".</summary>
    internal string Started
    {
        get
        {
            string launcher = Launcher switch
            {
                Launcher.OpenMpi => "mpirun of Open MPI",
                Launcher.Mpich => "mpirun of MPICH",
                Launcher.Pmix => "A launcher with PMIx",
                Launcher.Slurm => "srun",
                _ => "torchrun",
            };
            return $"{launcher} started {Size?.ToString(CultureInfo.InvariantCulture) ?? "several"} processes";
        }
    }

    private static int? Number(string[] names, Func<string, string?> variable)
    {
        foreach (string name in names)
            if (int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number)) return number;
        return null;
    }

    /// <summary>Reads this node's entry of SLURM_STEP_TASKS_PER_NODE, such as <c>4(x2),3</c>: 4, 4 and 3.</summary>
    private static int? SlurmLocalSize(Func<string, string?> variable)
    {
        if (Number(["SLURM_NODEID"], variable) is not { } node) return null;
        foreach (string entry in (variable("SLURM_STEP_TASKS_PER_NODE") ?? "").Split(','))
        {
            string[] parts = entry.TrimEnd(')').Split("(x");
            int? tasks = Number([parts[0]], text => text), nodes = parts.Length == 1 ? 1 : Number([parts[1]], text => text);
            if (tasks is null || nodes is null) return null;
            if (node < nodes) return tasks;
            node -= nodes.Value;
        }
        return null;
    }
}
