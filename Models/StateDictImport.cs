using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Random;

namespace GpuCnn.Models;

/// <summary>The tensors of a state dict as the parameters of an architecture, whose paths are torchvision's names.</summary>
public sealed class StateDictImport
{
    private const int Shown = 10, LongestName = 80;

    /// <summary>Counts the batches that running statistics saw. Files of PyTorch before 0.4.1 lack it, and nothing that is computed depends on it.</summary>
    private const string Counter = "num_batches_tracked";

    /// <summary>Below this share of the tensors of both, a likeness is chance.</summary>
    private const double Alike = 0.5;

    private readonly StateDict _dict;
    private readonly HashSet<string> _drawn;

    private StateDictImport(StateDict dict, Network network, HashSet<string> drawn)
    {
        _dict = dict;
        Network = network;
        _drawn = drawn;
    }

    /// <summary>With as many classes as the file's last layer has.</summary>
    public Network Network { get; }

    /// <summary>Parameters that only training heads have and the file lacks: they are drawn at random.</summary>
    public int DrawnCount => _drawn.Count;

    /// <summary>Checks names and shapes; nothing of the numbers is read yet.</summary>
    /// <exception cref="GpuCnnException">Tensors are missing, left over or of other shapes; the message lists the first ten, and which architecture it looks like.</exception>
    public static StateDictImport Check(Architecture architecture, StateDict dict, Shape? input = null)
    {
        Network network = BuildFor(architecture, dict, input);
        HashSet<Node> needed = Graph.Leading(network.Output);
        Parameter[] heads = [.. network.Parameters.Where(parameter => !needed.Contains(parameter.Node))];
        // A model that was saved to infer only has none of the heads.
        HashSet<string> drawn = heads.Any(parameter => dict.Tensors.ContainsKey(parameter.Path)) ? [] : [.. heads.Select(parameter => parameter.Path)];
        string[] missing = [.. network.Parameters.Select(parameter => parameter.Path).Where(path => !dict.Tensors.ContainsKey(path) && !drawn.Contains(path) && !IsCounter(path))];
        HashSet<string> known = [.. network.Parameters.Select(parameter => parameter.Path)];
        string[] extra = [.. dict.Tensors.Keys.Where(name => !known.Contains(name))];
        string[] misshapen = [.. network.Parameters.Where(parameter => dict.Tensors.TryGetValue(parameter.Path, out StateTensor? tensor) && !Fits(tensor, parameter))
            .Select(parameter => $"{parameter.Path} {dict.Tensors[parameter.Path]} instead of [{string.Join(", ", parameter.Spec.Dimensions)}]")];
        if (missing.Length + extra.Length + misshapen.Length == 0) return new(dict, network, drawn);
        throw new GpuCnnException(
            $"'{dict.Path}' does not fit {architecture.Name} for {network.Input}: {missing.Length} of its {network.Parameters.Count} tensors missing, {extra.Length} left over, {misshapen.Length} of other shapes: "
            + string.Join("; ", missing.Select(name => $"{name} missing").Concat(extra.Select(name => $"{Printable(name)} left over")).Concat(misshapen).Take(Shown))
            + (missing.Length + extra.Length + misshapen.Length > Shown ? "; and so on" : "") + ". " + Likeness(architecture, dict));
    }

    /// <summary>The weights by path, each read as it is asked for.</summary>
    /// <param name="seed">Draws what the file lacks of training heads.</param>
    public IEnumerable<KeyValuePair<string, Tensor>> Read(ulong seed)
    {
        foreach ((int index, Parameter parameter) in Network.Parameters.Index())
        {
            int[] dimensions = [.. parameter.Spec.Dimensions];
            if (_dict.Tensors.TryGetValue(parameter.Path, out StateTensor? tensor))
            {
                float[] values = tensor.Read().Values;
                int wrong = Array.FindIndex(values, value => !float.IsFinite(value));
                if (wrong >= 0)
                    throw new GpuCnnException($"'{_dict.Path}' holds {values[wrong]} in {parameter.Path}; expected finite float32 numbers. Save the weights of a model whose training did not diverge.");
                yield return new(parameter.Path, new(dimensions, values));
                continue;
            }
            var drawn = new Tensor(dimensions);
            if (_drawn.Contains(parameter.Path)) parameter.Spec.Initializer.Fill(drawn.Values, parameter.Spec.FanIn, parameter.Spec.FanOut, CounterRandom.Key(seed, (ulong)index));
            yield return new(parameter.Path, drawn);
        }
    }

    private static bool IsCounter(string path) => path.EndsWith($".{Counter}", StringComparison.Ordinal);

    /// <summary>PyTorch wrote scalars as one number in one dimension once.</summary>
    private static bool Fits(StateTensor tensor, Parameter parameter) =>
        tensor.HasDimensions(parameter.Spec.Dimensions) || (parameter.Spec.Dimensions.Count == 0 && tensor.HasDimensions([1]));

    /// <summary>With as many classes as the first tensor of the file that has them; with the architecture's own where there is none.</summary>
    private static Network BuildFor(Architecture architecture, StateDict dict, Shape? input)
    {
        foreach (string path in architecture.ClassPaths(input))
            if (dict.Tensors.TryGetValue(path, out StateTensor? tensor) && tensor.Shape is [>= 1 and <= ushort.MaxValue and var classes, ..])
                return architecture.Build(input, (int)classes);
        return architecture.Build(input);
    }

    /// <summary>Which architecture shares the most tensors with the file, by name and shape.</summary>
    private static string Likeness(Architecture asked, StateDict dict)
    {
        (Architecture Architecture, double Share, int Same, int Of)[] found = [.. Architecture.All.Select(Compare).OrderByDescending(candidate => candidate.Share)];
        (Architecture best, double share, int same, int of) = found[0];
        return share < Alike ? "It looks like none of the models; gpucnn models lists them."
            : best == asked ? $"It is otherwise like {asked.Name} ({same} of {of} tensors agree): check --input, or name the tensors as torchvision does."
            : $"It looks like {best.Name} ({same} of {of} tensors agree); use --model {best.Name}.";

        (Architecture Architecture, double Share, int Same, int Of) Compare(Architecture candidate)
        {
            Network network = BuildFor(candidate, dict, null);
            int same = network.Parameters.Count(parameter => dict.Tensors.TryGetValue(parameter.Path, out StateTensor? tensor) && Fits(tensor, parameter));
            int of = network.Parameters.Count + dict.Tensors.Count - same;
            return (candidate, same / (double)of, same, network.Parameters.Count);
        }
    }

    private static string Printable(string name) => new([.. name.Take(LongestName).Select(c => char.IsControl(c) ? '?' : c)]);
}
