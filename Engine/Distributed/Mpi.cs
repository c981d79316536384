namespace GpuCnn.Engine.Distributed;

/// <summary>Ranks that are joined by the MPI library of the system.</summary>
internal static class Mpi
{
    /// <exception cref="MpiUnavailableException">There is no MPI library, or it is not the launcher's.</exception>
    public static Communicator Join(Launch launch) =>
        throw new MpiUnavailableException($"{launch.Launcher} started {launch.Size} processes, but this version joins none yet.");
}
