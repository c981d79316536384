using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// A named network architecture: a table of numbers, its sources, and how it is trained. To add one, add a class that derives from this or
/// from <see cref="ArchitectureFamily"/>; <see cref="Registry"/> finds it.
/// </summary>
public abstract class Architecture : INamed, IArchitectureSource
{
    private static readonly Lock Gate = new();
    private static IReadOnlyList<Architecture>? _all;
    private static int _version;

    /// <summary>All architectures, the oldest first, the members of a family together.</summary>
    /// <exception cref="GpuCnnException">A constructor throws, or two architectures have the same name.</exception>
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

    /// <summary>Name on the command line: lower case, digits, dashes, and underscores where torchvision has them.</summary>
    public abstract string Name { get; }

    /// <summary>Year of publication.</summary>
    public abstract int Year { get; }

    /// <summary>One line for a table, which lists the layers.</summary>
    public abstract string Summary { get; }

    /// <summary>Origin: a paper, a course, or this project.</summary>
    public abstract string Source { get; }

    /// <summary>Address of the paper; empty if there is none.</summary>
    public virtual string Link => "";

    /// <summary>Accuracy reported by the authors or others, or measured by this project, with its conditions.</summary>
    public abstract string Reported { get; }

    /// <summary>Input shape that the architecture is defined for.</summary>
    public abstract Shape Input { get; }

    /// <summary>Number of classes that the architecture is defined for.</summary>
    public abstract int Classes { get; }

    /// <summary>
    /// Number of parameters for <see cref="Input"/> and <see cref="Classes"/>, biases included. It checks the table, and is not computed
    /// from it.
    /// </summary>
    public abstract long ExpectedParameters { get; }

    /// <summary>Number of parameters including those of training heads.</summary>
    public virtual long ExpectedParametersWithHeads => ExpectedParameters;

    /// <summary>Multiply-adds of one image's forward pass in billions, with as many digits as are known. Checks the table too.</summary>
    public abstract decimal ExpectedMultiplyAdds { get; }

    /// <summary>Default recipe of training.</summary>
    public abstract Recipe Recipe { get; }

    /// <summary>
    /// The authors' recipe, as far as this project can follow it. Null if it is unknown, or too far from what is possible here.
    /// </summary>
    public virtual Recipe? PaperRecipe => null;

    /// <summary>Creates the layers for an input, a number of classes and a recipe.</summary>
    protected abstract Layer CreateLayers(Design design);

    /// <summary>Builds the network for an input shape and a number of classes.</summary>
    /// <param name="input">Shape of one image; <see cref="Input"/> if null.</param>
    /// <param name="classes">Number of classes; <see cref="Classes"/> if null.</param>
    /// <param name="recipe">Recipe of training; <see cref="Recipe"/> if null. Weights fit a network built for any recipe.</param>
    /// <exception cref="GpuCnnException">The input is too small, or there is no class.</exception>
    public Network Build(Shape? input = null, int? classes = null, Recipe? recipe = null)
    {
        var design = new Design(input ?? Input, classes ?? Classes, recipe ?? Recipe);
        if (design.Classes < 1) throw new GpuCnnException($"{Name} expects at least 1 class, but got {design.Classes}.");
        try
        {
            return new(Name, CreateLayers(design), design.Input);
        }
        catch (GpuCnnException exception) when (input is not null)
        {
            string smallest = SmallestInput(design.Input.Channels) is { } shape ? $"The smallest square that works is {shape}; its" : "Its";
            throw new GpuCnnException(
                $"{Name} cannot be built for an input of {input}: {exception.Message} {smallest} own input is {Input}.", exception);
        }
    }

    /// <summary>
    /// Lists the paths of the parameters whose dimensions depend on the number of classes: those of the last layer, the network's own
    /// before those of training heads.
    /// </summary>
    public IReadOnlyList<string> ClassPaths(Shape? input = null)
    {
        Network network = Build(input, Classes), other = Build(input, Classes + 1);
        HashSet<Node> leading = Graph.Leading(network.Output);
        return
        [
            .. network.Parameters.Zip(other.Parameters)
                .Where(pair => !pair.First.Spec.Dimensions.SequenceEqual(pair.Second.Spec.Dimensions)).Select(pair => pair.First)
                .OrderByDescending(parameter => leading.Contains(parameter.Node)).Select(parameter => parameter.Path),
        ];
    }

    /// <summary>
    /// Finds by trial the smallest square input with <paramref name="channels"/> channels that the layers accept, or null if none up to the
    /// architecture's own size works.
    /// </summary>
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
                // Try the next size.
            }
        }
        return null;
    }

    /// <summary>Finds the recipe of a name.</summary>
    /// <exception cref="GpuCnnException">There is no such recipe.</exception>
    public Recipe FindRecipe(string name) => name switch
    {
        Recipe.Default => Recipe,
        Recipe.Paper => PaperRecipe
            ?? throw new NoPaperRecipeException(
                $"{Name} has no recipe of a paper that could be followed here; choose a model that has one."),
        _ => throw new GpuCnnException($"Recipe expects one of {string.Join(", ", Recipe.Names)}, but got '{name}'."),
    };

    /// <summary>Finds the architecture of a name.</summary>
    /// <exception cref="GpuCnnException">There is no such architecture; the message lists similar names.</exception>
    public static Architecture Find(string name)
    {
        Architecture? found =
            All.FirstOrDefault(architecture => string.Equals(architecture.Name, name, StringComparison.OrdinalIgnoreCase));
        if (found is not null) return found;
        IReadOnlyList<string> near = NearNames.Of(name, All.Select(architecture => architecture.Name));
        string known = near.Count > 0 ? $"did you mean {string.Join(" or ", near)}?"
            : $"there are {string.Join(", ", All.Select(architecture => architecture.Name))}.";
        throw new UnknownModelException($"There is no model '{name}'; {known}", name);
    }
}
