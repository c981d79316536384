using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;

namespace GpuCnn.Models;

/// <summary>Matches the tensors of a state dict with the parameters of an architecture, whose paths are torchvision's names.</summary>
internal sealed class StateDictImport
{
    private const int Shown = 10, LongestName = 80;

    /// <summary>
    /// Counts the batches seen by running statistics. Files written before PyTorch 0.4.1 lack it, and no result depends on it.
    /// </summary>
    private const string Counter = "num_batches_tracked";

    /// <summary>Fraction of equal tensors below which a likeness is taken for chance.</summary>
    private const double Alike = 0.5;

    private readonly string _path;
    private readonly IReadOnlyDictionary<string, StateTensor> _tensors;
    private readonly HashSet<string> _drawn;

    private StateDictImport(string path, IReadOnlyDictionary<string, StateTensor> tensors, Network network, HashSet<string> drawn)
    {
        _path = path;
        _tensors = tensors;
        Network = network;
        _drawn = drawn;
    }

    /// <summary>The network, with as many classes as the file's last layer.</summary>
    public Network Network { get; }

    /// <summary>Number of training heads' parameters that the file lacks, and that are drawn at random.</summary>
    public int DrawnCount => _drawn.Count;

    /// <summary>The file's name of the last layer, or null if it is the architecture's.</summary>
    public string? Renamed { get; private init; }

    /// <summary>What the names of the file's tensors begin with, such as "model.", and the network's do not; or empty.</summary>
    public string Prefix { get; private init; } = "";

    /// <summary>Names of the file's tensors that are not the network's: counters, slots, and those of other modules.</summary>
    public IReadOnlyList<string> LeftOut { get; private init; } = [];

    /// <summary>Checks names and shapes. No numbers are read yet.</summary>
    /// <exception cref="StateDictMismatchException">
    /// Tensors are missing, left over or of other shapes. The message lists the first ten, and the most similar architecture.
    /// </exception>
    /// <exception cref="SeveralStateDictsException">The file holds the network several times, under different prefixes.</exception>
    public static StateDictImport Check(Architecture architecture, StateDict dict, Shape? input = null)
    {
        string last = LastLayer(architecture, input);
        PrefixedTensors file = PrefixedTensors.Find(dict, architecture.Build(input));
        string? renamed = OtherLastLayer(architecture, last, file, input);
        Dictionary<string, StateTensor> tensors = new(file.Inner);
        HashSet<string> outside = [.. file.Outside.Keys];
        if (renamed is not null)
        {
            foreach (string suffix in new[] { "weight", "bias" })
            {
                string name = $"{renamed}.{suffix}";
                if (!outside.Remove(name)) tensors.Remove(name[file.Prefix.Length..]);
                tensors[$"{last}.{suffix}"] = dict.Tensors[name];
            }
        }
        Network network = BuildFor(architecture, tensors, input);
        HashSet<Node> needed = Graph.Leading(network.Output);
        Parameter[] heads = [.. network.Parameters.Where(parameter => !needed.Contains(parameter.Node))];
        // A model that was saved for inference only has none of the heads.
        HashSet<string> drawn =
            heads.Any(parameter => tensors.ContainsKey(parameter.Path)) ? [] : [.. heads.Select(parameter => parameter.Path)];
        string[] missing =
        [
            .. network.Parameters.Select(parameter => parameter.Path)
                .Where(path => !tensors.ContainsKey(path) && !drawn.Contains(path) && !IsCounter(path)),
        ];
        HashSet<string> known = [.. network.Parameters.Select(parameter => parameter.Path)];
        string[] extra = [.. tensors.Keys.Where(name => !known.Contains(name))];
        string[] misshapen =
        [
            .. network.Parameters
                .Where(parameter => tensors.TryGetValue(parameter.Path, out StateTensor? tensor) && !Fits(tensor, parameter))
                .Select(parameter =>
                    $"{parameter.Path} {tensors[parameter.Path]} instead of [{string.Join(", ", parameter.Spec.Dimensions)}]"),
        ];
        if (missing.Length + extra.Length + misshapen.Length == 0)
            return new(dict.Path, tensors, network, drawn)
            {
                Renamed = renamed is null ? null : Printable(renamed),
                Prefix = Printable(file.Prefix),
                LeftOut = [.. dict.LeftOut.Concat(outside).Select(Printable)],
            };
        (string likeness, string? likeliest) = Likeness(architecture, dict);
        IEnumerable<string> faults = missing.Select(name => $"{name} missing{Instead(name)}")
            .Concat(extra.Select(name => $"{Printable(name)} left over")).Concat(misshapen);
        int count = missing.Length + extra.Length + misshapen.Length;
        throw new StateDictMismatchException(
            $"'{dict.Path}' does not fit {architecture.Name} for {network.Input}: {missing.Length} of its "
            + $"{network.Parameters.Count} tensors missing, {extra.Length} left over, {misshapen.Length} of other shapes"
            + $"{(file.Prefix == "" ? "" : $" below '{Printable(file.Prefix)}'")}: {string.Join("; ", faults.Take(Shown))}"
            + $"{(count > Shown ? "; and so on" : "")}. {likeness}", architecture.Name, likeliest);

        string Instead(string name) => dict.Others.TryGetValue(file.Prefix + name, out string? other) ? $" (it is {other})" : "";
    }

    /// <summary>Reads the weights by path, each when it is enumerated.</summary>
    /// <param name="seed">Seed of the training heads' parameters that the file lacks.</param>
    public IEnumerable<KeyValuePair<string, Tensor>> Read(ulong seed)
    {
        foreach ((int index, Parameter parameter) in Network.Parameters.Index())
        {
            int[] dimensions = [.. parameter.Spec.Dimensions];
            if (_tensors.TryGetValue(parameter.Path, out StateTensor? tensor))
            {
                float[] values = tensor.Read().Values;
                int wrong = Array.FindIndex(values, value => !float.IsFinite(value));
                if (wrong >= 0)
                    throw new GpuCnnException(
                        $"'{_path}' holds {values[wrong]} in {parameter.Path}; expected finite float32 numbers. "
                        + "Save the weights of a model whose training did not diverge.");
                yield return new(parameter.Path, new(dimensions, values));
                continue;
            }
            var drawn = new Tensor(dimensions);
            if (_drawn.Contains(parameter.Path))
            {
                ParameterSpec spec = parameter.Spec;
                spec.Initializer.Fill(drawn.Values, spec.FanIn, spec.FanOut, CounterRandom.Key(seed, (ulong)index));
            }
            yield return new(parameter.Path, drawn);
        }
    }

    private static string LastLayer(Architecture architecture, Shape? input)
    {
        string path = architecture.ClassPaths(input)[0];
        return path[..path.LastIndexOf('.')];
    }

    /// <summary>
    /// Finds the file's name of the last layer. It is fc in some implementations of a network, and linear or classifier in others;
    /// fine-tuned networks have it in a Sequential, as fc.1, or beside the module that has the other layers. If the file lacks the
    /// architecture's name, and exactly one layer left over has the right form, that is the one.
    /// </summary>
    private static string? OtherLastLayer(Architecture architecture, string last, PrefixedTensors file, Shape? input)
    {
        if (file.Inner.ContainsKey($"{last}.weight")) return null;
        Parameter[] parameters = [.. architecture.Build(input).Parameters];
        HashSet<string> known = [.. parameters.Select(parameter => parameter.Path)];
        Dictionary<string, StateTensor> left = file.Inner.Where(tensor => !known.Contains(tensor.Key)).ToDictionary();
        // Modules beside the network may have vectors of their own, such as the weights of classes in a loss.
        bool isBeside = left.Count == 0;
        if (isBeside) left = file.Outside.ToDictionary();
        string[] matrices = [.. left.Where(tensor => tensor.Value.Shape.Count > 1).Select(tensor => tensor.Key)];
        if (matrices is not [var weight] || !weight.EndsWith(".weight", StringComparison.Ordinal)) return null;
        string other = weight[..weight.LastIndexOf('.')];
        return (isBeside || left.Count == 2) && left.TryGetValue($"{other}.bias", out StateTensor? bias)
            && left[weight].Shape is [var classes, var values] && bias.Shape is [var biases] && biases == classes
            && values == parameters.Single(parameter => parameter.Path == $"{last}.weight").Spec.Dimensions[1]
            ? (isBeside ? other : file.Prefix + other) : null;
    }

    private static bool IsCounter(string path) => path.EndsWith($".{Counter}", StringComparison.Ordinal);

    /// <summary>Compares shapes. Old versions of PyTorch wrote a scalar as one number in one dimension.</summary>
    private static bool Fits(StateTensor tensor, Parameter parameter) =>
        tensor.HasDimensions(parameter.Spec.Dimensions) || (parameter.Spec.Dimensions.Count == 0 && tensor.HasDimensions([1]));

    /// <summary>
    /// Builds with as many classes as the file's first tensor that has them, or with the architecture's own if there is none.
    /// </summary>
    private static Network BuildFor(Architecture architecture, IReadOnlyDictionary<string, StateTensor> tensors, Shape? input)
    {
        foreach (string path in architecture.ClassPaths(input))
            if (tensors.TryGetValue(path, out StateTensor? tensor) && tensor.Shape is [>= 1 and <= ushort.MaxValue and var classes, ..])
                return architecture.Build(input, (int)classes);
        return architecture.Build(input);
    }

    /// <summary>
    /// Finds the architecture that shares most tensors with the file, by name and shape. Returns a sentence and its name.
    /// </summary>
    private static (string Sentence, string? Name) Likeness(Architecture asked, StateDict dict)
    {
        (Architecture best, double share, int same, int of) =
            Architecture.All.Select(Compare).OrderByDescending(candidate => candidate.Share).First();
        return share < Alike ? ("It looks like none of the models.", null)
            : best == asked
                ? ($"It is otherwise like {asked.Name} ({same} of {of} tensors agree): check the input, or name the tensors as torchvision "
                    + "does.", best.Name)
                : ($"It looks like {best.Name} ({same} of {of} tensors agree).", best.Name);

        (Architecture Architecture, double Share, int Same, int Of) Compare(Architecture candidate)
        {
            IReadOnlyDictionary<string, StateTensor> tensors = PrefixedTensors.Find(dict, candidate.Build(), isStrict: false).Inner;
            Network network = BuildFor(candidate, tensors, null);
            int same = network.Parameters.Count(
                parameter => tensors.TryGetValue(parameter.Path, out StateTensor? tensor) && Fits(tensor, parameter));
            int of = network.Parameters.Count + tensors.Count - same;
            return (candidate, same / (double)of, same, network.Parameters.Count);
        }
    }

    private static string Printable(string name) => new([.. name.Take(LongestName).Select(c => char.IsControl(c) ? '?' : c)]);
}
