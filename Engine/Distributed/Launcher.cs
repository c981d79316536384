namespace GpuCnn.Engine.Distributed;

/// <summary>What started a process together with others, as the names of its environment variables tell.</summary>
public enum Launcher
{
    /// <summary>mpirun of Open MPI.</summary>
    OpenMpi,

    /// <summary>mpirun of MPICH and its relatives (hydra), or srun with PMI.</summary>
    Mpich,

    /// <summary>A launcher that speaks PMIx, as srun with PMIx.</summary>
    Pmix,

    /// <summary>srun without an interface to MPI.</summary>
    Slurm,

    /// <summary>torchrun, or a launcher that sets its variables. It starts processes without MPI.</summary>
    Torchrun,
}
