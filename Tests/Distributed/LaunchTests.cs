using GpuCnn.Engine.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Distributed;

public sealed class LaunchTests
{
    [TestCase("", null)]
    [TestCase("OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=2 PMIX_RANK=2",
        "OpenMpi 2 4 0 2")]
    [TestCase("OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=1 PMIX_RANK=0 RANK=1 WORLD_SIZE=4 LOCAL_RANK=1", null)]
    [TestCase("PMI_RANK=1 PMI_SIZE=3 MPI_LOCALRANKID=1 MPI_LOCALNRANKS=3", "Mpich 1 3 1 3")]
    [TestCase("PMI_RANK=5 PMI_SIZE=6 SLURM_LOCALID=1 SLURM_NODEID=2 SLURM_STEP_TASKS_PER_NODE=2(x3)", "Mpich 5 6 1 2")]
    [TestCase("PMI_RANK=0 PMI_SIZE=1 MPI_LOCALRANKID=0", null)]
    [TestCase("PMIX_RANK=3", "Pmix 3 - - -")]
    [TestCase("PMIX_RANK=3 SLURM_STEP_NUM_TASKS=5 SLURM_LOCALID=0 SLURM_NODEID=1 SLURM_STEP_TASKS_PER_NODE=3,2", "Pmix 3 5 0 2")]
    [TestCase("PMIX_RANK=0 SLURM_STEP_NUM_TASKS=1", null)]
    [TestCase("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2 SLURM_LOCALID=1", "Slurm 1 2 1 -")]
    [TestCase("SLURM_PROCID=8 SLURM_STEP_NUM_TASKS=9 SLURM_LOCALID=0 SLURM_NODEID=2 SLURM_STEP_TASKS_PER_NODE=4(x2),1", "Slurm 8 9 0 1")]
    [TestCase("SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2 SLURM_NODEID=0 SLURM_STEP_TASKS_PER_NODE=many", "Slurm 1 2 - -")]
    // A batch script without srun.
    [TestCase("SLURM_PROCID=0 SLURM_NTASKS=8 SLURM_LOCALID=0 SLURM_NODEID=0 SLURM_TASKS_PER_NODE=8", null)]
    // mpirun within it.
    [TestCase("SLURM_PROCID=0 SLURM_NTASKS=8 OMPI_COMM_WORLD_RANK=7 OMPI_COMM_WORLD_SIZE=8", "OpenMpi 7 8 - -")]
    [TestCase("SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1 PMIX_RANK=0 PMI_RANK=1 PMI_SIZE=2 MPI_LOCALRANKID=1", "Mpich 1 2 1 -")]
    [TestCase("RANK=1 WORLD_SIZE=2 LOCAL_RANK=0 LOCAL_WORLD_SIZE=1", "Torchrun 1 2 0 1")]
    [TestCase("RANK=1 WORLD_SIZE=2", null)]
    [TestCase("RANK=corporal WORLD_SIZE=2 LOCAL_RANK=0", null)]
    [TestCase("PMI_RANK=3 PMI_SIZE=3", null)]
    [TestCase("PMI_RANK=-1 PMI_SIZE=3", null)]
    public void VariablesTellTheLauncherAndThePlace(string variables, string? expected)
    {
        Dictionary<string, string> values = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(text => text.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        Launch? launch = Launch.Find(values.GetValueOrDefault);
        string? found = launch is null ? null
            : $"{launch.Launcher} {launch.Rank} {Text(launch.Size)} {Text(launch.LocalRank)} {Text(launch.LocalSize)}";
        Assert.That(found, Is.EqualTo(expected));
    }

    private static string Text(int? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "-";
}
