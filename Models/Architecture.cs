using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// A network architecture by name: a table of numbers, what is known of it, and how it is trained. To add one is to add a class that
/// derives from this, or an <see cref="ArchitectureFamily"/>; <see cref="Registry"/> finds it.
/// </summary>
public abstract class Architecture : INamed, IArchitectureSource
{
    private static readonly Lock Gate = new();
    private static IReadOnlyList<Architecture>? _all;
    private static int _version;

    /// <summary>All architectures, the oldest first, those of a family together.</summary>
    /// <exception cref="GpuCnnException">A constructor throws, or two have one name.</exception>
    public static IReadOnlyList<Architecture> All
    {
        get
        {
            lock (Gate)
            {
                if (_all is not null && _version == Registry.Version) return _all;
                int version = Registry.Version;
                Architecture[] found =
                    [.. Registry.CreateAll<IArchitectureSource>().SelectMany(source => source.Architectures)
                        .OrderBy(architecture => architecture.Year)];
                Registry.CheckNames("model", found);
                _version = version;
                return _all = found;
            }
        }
    }

    IEnumerable<Architecture> IArchitectureSource.Architectures => [this];

    /// <summary>The name it is asked for by: lower case, digits, dashes and, where torchvision has them, underscores.</summary>
    public abstract string Name { get; }

    public abstract int Year { get; }

    /// <summary>One line for a table: what it is made of.</summary>
    public abstract string Summary { get; }

    /// <summary>Where it comes from: paper or lecture.</summary>
    public abstract string Source { get; }

    /// <summary>Where the paper can be read; empty where there is none.</summary>
    public virtual string Link => "";

    /// <summary>The accuracy that others or its authors report, or that the project measured, with its conditions.</summary>
    public abstract string Reported { get; }

    /// <summary>The input it is defined for.</summary>
    public abstract Shape Input { get; }

    /// <summary>The classes it is defined for.</summary>
    public abstract int Classes { get; }

    /// <summary>Parameters for <see cref="Input"/> and <see cref="Classes"/>, biases included. A check on the table, not computed from it.</summary>
    public abstract long ExpectedParameters { get; }

    /// <summary>The same with its training heads.</summary>
    public virtual long ExpectedParametersWithHeads => ExpectedParameters;

    /// <summary>Multiply-adds of one image, forward, in billions and to as many digits as are stated. A check on the table too.</summary>
    public abstract decimal ExpectedMultiplyAdds { get; }

    /// <summary>How it is trained unless options say otherwise.</summary>
    public abstract Recipe Recipe { get; }

    /// <summary>How its authors trained it, as far as this project can follow; null where that is not known, or too far from it.</summary>
    public virtual Recipe? PaperRecipe => null;

    /// <summary>The layers, for an input, a number of classes and a recipe.</summary>
    protected abstract Layer CreateLayers(Design design);

    /// <summary>The network for an input shape and a number of classes; by default those it is defined for.</summary>
    /// <param name="recipe">What it will be trained by; by default <see cref="Recipe"/>. Weights fit whatever the recipe was.</param>
    /// <exception cref="GpuCnnException">The input is too small, or the classes are not positive.</exception>
    public Network Build(Shape? input = null, int? classes = null, Recipe? recipe = null)
    {
        var design = new Design(input ?? Input, classes ?? Classes, recipe ?? Recipe);
        if (design.Classes < 1) throw new GpuCnnException($"{Name} expects at least 1 class, but got {design.Classes}.");
        try
        {
            return new(Name, CreateLayers(design), design.Input);
        }
        catch (GpuCnnException exception) when (input != null)
        {
            string smallest = SmallestInput(design.Input.Channels) is { } shape ? $"The smallest square that works is {shape}; its" : "Its";
            throw new GpuCnnException($"{Name} cannot be built for an input of {input}: {exception.Message} {smallest} own input is {Input}.", exception);
        }
    }

    /// <summary>Paths of the parameters whose dimensions follow from the number of classes: the last layer's, the network's own before those of training heads.</summary>
    public IReadOnlyList<string> ClassPaths(Shape? input = null)
    {
        Network network = Build(input, Classes), other = Build(input, Classes + 1);
        HashSet<Node> leading = Graph.Leading(network.Output);
        return
        [
            .. network.Parameters.Zip(other.Parameters).Where(pair => !pair.First.Spec.Dimensions.SequenceEqual(pair.Second.Spec.Dimensions)).Select(pair => pair.First)
                .OrderByDescending(parameter => leading.Contains(parameter.Node)).Select(parameter => parameter.Path),
        ];
    }

    /// <summary>The smallest square input of so many channels that the layers fit, found by trying; null where none up to its own size does.</summary>
    public Shape? SmallestInput(int channels)
    {
        for (int size = 1; size <= Math.Max(Input.Height, Input.Width); size++)
        {
            Shape input = Shape.Volume(channels, size, size);
            try
            {
                _ = new Network(Name, CreateLayers(new(input, Classes, Recipe)), input);
                return input;
            }
            catch (GpuCnnException)
            {
                // The next larger one, then.
            }
        }
        return null;
    }

    /// <summary>The recipe of a name.</summary>
    /// <exception cref="GpuCnnException">There is none.</exception>
    public Recipe FindRecipe(string name) => name switch
    {
        Recipe.Default => Recipe,
        Recipe.Paper => PaperRecipe
            ?? throw new NoPaperRecipeException($"{Name} has no recipe of a paper that could be followed here; choose a model that has one."),
        _ => throw new GpuCnnException($"Recipe expects one of {string.Join(", ", Recipe.Names)}, but got '{name}'."),
    };

    /// <summary>The architecture of a name.</summary>
    /// <exception cref="GpuCnnException">There is none; the message lists near names.</exception>
    public static Architecture Find(string name)
    {
        Architecture? found = All.FirstOrDefault(architecture => string.Equals(architecture.Name, name, StringComparison.OrdinalIgnoreCase));
        if (found != null) return found;
        IReadOnlyList<string> near = NearNames.Of(name, All.Select(architecture => architecture.Name));
        string known = near.Count > 0 ? $"did you mean {string.Join(" or ", near)}?"
            : $"there are {string.Join(", ", All.Select(architecture => architecture.Name))}.";
        throw new UnknownModelException($"There is no model '{name}'; {known}", name);
    }
}
