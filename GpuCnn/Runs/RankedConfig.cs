using System.Text.Json.Nodes;
using GpuCnn.Engine;
using GpuCnn.Engine.Distributed;

namespace GpuCnn.Runs;

/// <summary>The configuration of a run of several ranks: rank 0's, which all others have to agree with.</summary>
internal static class RankedConfig
{
    /// <summary>Properties that a rank may have of its own: where things lie, and what it computes on.</summary>
    private static readonly string[] OfARank =
    [
        "runtime", "mean", "std", "feed", "data", "dataFullPath", "validation", "validationFullPath", "weights", "device",
        "deviceDescription", "threads", "tensorBoard",
    ];

    /// <summary>Gives all ranks the configuration that rank 0 makes.</summary>
    public static RunConfig OfFirst(Communicator ranks, Func<RunConfig> make)
    {
        if (ranks.IsAlone) return make();
        RunConfig? own = null;
        string text = TextOfFirst(ranks, () => (own = make()).ToJson());
        return own ?? RunConfig.Parse(text, "the configuration of rank 0");
    }

    /// <summary>Gives all ranks a text of rank 0, which alone does the work that makes it.</summary>
    public static string TextOfFirst(Communicator ranks, Func<string> work)
    {
        string text = ranks.Together(() => ranks.IsFirst ? work() : "");
        return ranks.AllGatherTexts(text)[0];
    }

    /// <summary>Whether something holds for rank 0.</summary>
    public static bool IsSoOnFirst(Communicator ranks, Func<bool> asks) => TextOfFirst(ranks, () => asks() ? "yes" : "no") == "yes";

    /// <summary>Refuses ranks that would train something else than rank 0.</summary>
    /// <exception cref="GpuCnnException">The message names the rank and the first difference.</exception>
    public static void Check(Communicator ranks, RunConfig own)
    {
        if (ranks.IsAlone) return;
        JsonObject node = JsonNode.Parse(own.ToJson())!.AsObject();
        foreach (string name in OfARank) node.Remove(name);
        string[][] all = [.. ranks.AllGatherTexts($"{Environment.MachineName}\n{node.ToJsonString(Json.Options)}")
            .Select(text => text.Split('\n'))];
        ranks.Together(() =>
        {
            for (int rank = 1; rank < all.Length; rank++)
            {
                int line = Enumerable.Range(1, Math.Max(all[0].Length, all[rank].Length) - 1)
                    .FirstOrDefault(i => all[0].ElementAtOrDefault(i) != all[rank].ElementAtOrDefault(i));
                if (line > 0) throw new GpuCnnException(
                    $"All ranks expect the same run, but rank {rank} on {all[rank][0]} has {Line(all[rank], line)} where rank 0 has "
                    + $"{Line(all[0], line)}.");
            }
        });

        static string Line(string[] lines, int line) => lines.ElementAtOrDefault(line)?.Trim().TrimEnd(',') ?? "nothing";
    }
}
