using System.Globalization;

namespace GpuCnn.Engine.Distributed;

/// <summary>Where a rank runs. Ranks tell each other when they join.</summary>
/// <param name="Host">Name of the machine.</param>
/// <param name="Process">Number of the process.</param>
/// <param name="Started">When the process was started, as the system counts, or "" where it does not tell.</param>
/// <param name="Space">Where the process's number means something: a machine, or a container on it.</param>
/// <param name="HasWitness">Whether a <see cref="RankWitness"/> speaks when the process dies.</param>
internal sealed record RankPlace(string Host, int Process, string Started, string Space, bool HasWitness)
{
    public static RankPlace Own()
    {
        int process = Environment.ProcessId;
        string space = "";
        try
        {
            space = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The name of the machine alone tells.
        }
        return new(Environment.MachineName, process, ProcessStatus.Started(process) ?? "", space, false);
    }

    public static RankPlace Parse(string text)
    {
        string[] parts = text.Split('\n');
        return new(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture), parts[2], parts[3], bool.Parse(parts[4]));
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Host}\n{Process}\n{Started}\n{Space}\n{HasWitness}");

    /// <summary>For users: "rank 2 on host node3 (process 4711)".</summary>
    public string Describe(int rank) => string.Create(CultureInfo.InvariantCulture, $"rank {rank} on host {Host} (process {Process})");

    /// <summary>Whether the other's process can be looked at from here.</summary>
    public bool Sees(RankPlace other) => Host == other.Host && Space == other.Space && other.Started.Length > 0;
}
