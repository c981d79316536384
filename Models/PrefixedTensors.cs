using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;

namespace GpuCnn.Models;

/// <summary>
/// Tensors of a state dict whose names begin with a prefix, as of a network that is a module of another one: "model." or "net." in
/// PyTorch Lightning, "backbone." beside a head.
/// </summary>
/// <param name="Prefix">The prefix with its dot, or empty.</param>
/// <param name="Inner">Tensors below the prefix, without it.</param>
/// <param name="Outside">All others, by their whole names.</param>
internal sealed record PrefixedTensors(
    string Prefix, IReadOnlyDictionary<string, StateTensor> Inner, IReadOnlyDictionary<string, StateTensor> Outside)
{
    /// <summary>Most parts of a prefix, and characters of a name that may have one.</summary>
    private const int MostParts = 6, LongestName = 300;

    /// <summary>Taken first where a file has the network several times.</summary>
    private static readonly string[] Usual = ["model.", "net.", "network.", "backbone."];

    /// <summary>
    /// Finds the prefix below which most of the network's names are. It has to be at least half of them, and more than without a prefix.
    /// </summary>
    /// <param name="isStrict">Whether to refuse several prefixes that fit equally well and are not the usual ones.</param>
    /// <exception cref="SeveralStateDictsException">Several prefixes fit equally well.</exception>
    public static PrefixedTensors Find(StateDict dict, Network network, bool isStrict = true)
    {
        HashSet<string> known = [.. network.Parameters.Select(parameter => parameter.Path)];
        Dictionary<string, int> counts = [];
        foreach (string name in dict.Tensors.Keys)
            foreach (string prefix in Prefixes(name))
                if (known.Contains(name[prefix.Length..])) counts[prefix] = counts.GetValueOrDefault(prefix) + 1;
        int most = counts.Count == 0 ? 0 : counts.Values.Max();
        if (2 * most < known.Count || most == counts.GetValueOrDefault(""))
            return new("", dict.Tensors, new Dictionary<string, StateTensor>());
        string[] best = [.. counts.Where(count => count.Value == most).Select(count => count.Key).Order(StringComparer.Ordinal)];
        string? usual = Usual.FirstOrDefault(best.Contains);
        if (best.Length > 1 && usual is null && isStrict)
            throw new SeveralStateDictsException(
                $"'{dict.Path}' holds {network.Name} several times: below "
                + $"{string.Join(" and ", best.Take(10).Select(prefix => $"'{prefix}'"))}.",
                [.. best.Take(10).Select(prefix => prefix.TrimEnd('.'))]);
        string chosen = usual ?? best[0];
        return new(
            chosen,
            dict.Tensors.Where(tensor => tensor.Key.StartsWith(chosen, StringComparison.Ordinal))
                .ToDictionary(tensor => tensor.Key[chosen.Length..], tensor => tensor.Value),
            dict.Tensors.Where(tensor => !tensor.Key.StartsWith(chosen, StringComparison.Ordinal)).ToDictionary());
    }

    private static IEnumerable<string> Prefixes(string name)
    {
        yield return "";
        if (name.Length > LongestName) yield break;
        int end = 0;
        for (int parts = 0; parts < MostParts && (end = name.IndexOf('.', end) + 1) > 0; parts++) yield return name[..end];
    }
}
