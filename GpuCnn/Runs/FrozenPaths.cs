using System.IO.Enumeration;
using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;

namespace GpuCnn.Runs;

/// <summary>Patterns of the parameters that training leaves as they are: * stands for any letters, dots included, ? for one.</summary>
internal static class FrozenPaths
{
    private const int Shown = 5;

    /// <summary>Freezes the parameters that the patterns name.</summary>
    /// <exception cref="GpuCnnException">A pattern names nothing that could be trained, or nothing is left to train.</exception>
    public static void Freeze(Network network, IReadOnlyList<string> patterns)
    {
        Parameter[] trained = [.. network.Parameters.Where(parameter => parameter.IsTrained)];
        foreach (string pattern in patterns)
            if (!trained.Any(parameter => Matches(pattern, parameter.Path))) throw new GpuCnnException(Unmatched(network, trained,
                pattern));
        if (patterns.Count > 0 && trained.All(parameter => patterns.Any(pattern => Matches(pattern, parameter.Path))))
            throw new GpuCnnException(
                $"Freezing {string.Join(" ", patterns)} freezes all {trained.Length} tensors of {network.Name}, so that nothing is left to "
                + "train; leave some out.");
        network.Freeze(path => patterns.Any(pattern => Matches(pattern, path)));
    }

    /// <summary>The learned parameters that the patterns name.</summary>
    public static IEnumerable<Parameter> Of(Network network, IReadOnlyList<string> patterns) =>
        network.Learned.Where(parameter => !parameter.IsTrained && patterns.Any(pattern => Matches(pattern, parameter.Path)));

    private static bool Matches(string pattern, string path) => FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false);

    private static string Unmatched(Network network, Parameter[] trained, string pattern)
    {
        string[] paths = [.. trained.Select(parameter => parameter.Path)];
        string start = $"Freezing expects a pattern of paths that {network.Name} trains, but '{pattern}' names none; ";
        // A layer's path alone.
        if (paths.Any(path => path.StartsWith($"{pattern}.", StringComparison.Ordinal))) return $"{start}did you mean '{pattern}.*'?";
        IReadOnlyList<string> near = NearNames.Of(
            pattern, [.. paths.Select(path => $"{path[..path.LastIndexOf('.')]}.*").Distinct(), .. paths]);
        return start + (near.Count > 0 ? $"did you mean {string.Join(" or ", near.Select(path => $"'{path}'"))}?"
            : $"its paths are {string.Join(", ", paths.Take(Shown))}{(paths.Length > Shown ? " and so on" : "")}.");
    }
}
