using System.Globalization;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Engine.Devices;

/// <summary>A process's share of its host, on which other ranks of the same run compute too.</summary>
/// <param name="LocalRank">The process's number among those of its host.</param>
/// <param name="LocalSize">Number of processes on its host.</param>
/// <param name="Cores">Cores for this process, at least 1.</param>
public sealed record HostShare(int LocalRank, int LocalSize, int Cores)
{
    /// <summary>The share of a process by itself: all cores.</summary>
    public static HostShare Whole { get; } = new(0, 1, Environment.ProcessorCount);

    /// <summary>Divides the host's cores among its ranks. All ranks call it together.</summary>
    public static HostShare Of(Communicator ranks)
    {
        if (ranks.IsAlone) return Whole;
        string host = Environment.MachineName;
        IReadOnlySet<int>[] allowed = [.. ranks.AllGatherTexts($"{host}\n{AllowedCores()}").Select(text => text.Split('\n'))
            .Where(text => text[0] == host).Select(text => ParseCores(text[1]))];
        return new(ranks.LocalRank, ranks.LocalSize, CoresOf(ParseCores(AllowedCores()), allowed, Environment.ProcessorCount));
    }

    /// <summary>
    /// Counts a core that n ranks may use as 1/n of a core for each. So ranks that their launcher has bound to cores keep theirs, and
    /// others share all of them.
    /// </summary>
    /// <param name="own">Cores that this process may use.</param>
    /// <param name="allowed">Those of each rank of the host, this one among them.</param>
    /// <param name="usable">Cores' worth of time that this process may use: less than its cores in some containers.</param>
    internal static int CoresOf(IReadOnlySet<int> own, IReadOnlyList<IReadOnlySet<int>> allowed, int usable)
    {
        // A system that does not tell which cores there are.
        if (own.Count == 0) return Math.Max(1, usable / Math.Max(1, allowed.Count));
        double share = own.Sum(core => 1.0 / Math.Max(1, allowed.Count(others => others.Contains(core))));
        // Thirds of three cores are a whole one.
        return Math.Max(1, (int)(share * Math.Min(1, (double)usable / own.Count) + 1e-9));
    }

    /// <summary>Reads a list of cores as Linux writes it: "0-3,8".</summary>
    internal static IReadOnlySet<int> ParseCores(string list)
    {
        var cores = new HashSet<int>();
        foreach (string part in list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] ends = part.Split('-', 2);
            if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)) return new HashSet<int>();
            for (int core = first; core <= last; core++) cores.Add(core);
        }
        return cores;
    }

    /// <summary>Cores that this process may use; only Linux tells.</summary>
    private static string AllowedCores()
    {
        const string Prefix = "Cpus_allowed_list:";
        try
        {
            return OperatingSystem.IsLinux()
                ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Prefix, StringComparison.Ordinal))
                    ?[Prefix.Length..].Trim() ?? ""
                : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
