using System.Reflection;
using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Models;

/// <summary>
/// A network architecture by name: a table of numbers, what is known of it, and how it is trained. To add one is to add a class that
/// derives from this; it is found by itself.
/// </summary>
public abstract class Architecture
{
    private static readonly Lazy<IReadOnlyList<Architecture>> Registered = new(() =>
        [.. Assembly.GetExecutingAssembly().GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Architecture)) && !type.IsAbstract)
            .Select(type => (Architecture)Activator.CreateInstance(type, nonPublic: true)!)
            .OrderBy(architecture => architecture.Year).ThenBy(architecture => architecture.Name, StringComparer.Ordinal)]);

    /// <summary>All architectures, the oldest first.</summary>
    public static IReadOnlyList<Architecture> All => Registered.Value;

    /// <summary>The name it is asked for by: lower case, digits and dashes.</summary>
    public abstract string Name { get; }

    public abstract int Year { get; }

    /// <summary>One line for a table: what it is made of.</summary>
    public abstract string Summary { get; }

    /// <summary>Where it comes from: paper or lecture.</summary>
    public abstract string Source { get; }

    /// <summary>The accuracy that others or its authors report, or that the project measured, with its conditions.</summary>
    public abstract string Reported { get; }

    /// <summary>The input it is defined for.</summary>
    public abstract Shape Input { get; }

    /// <summary>The classes it is defined for.</summary>
    public abstract int Classes { get; }

    /// <summary>Parameters for <see cref="Input"/> and <see cref="Classes"/>, biases included. A check on the table, not computed from it.</summary>
    public abstract long ExpectedParameters { get; }

    /// <summary>How it is trained unless options say otherwise.</summary>
    public abstract Recipe Recipe { get; }

    /// <summary>The layers, for a number of classes.</summary>
    public abstract Layer CreateLayers(int classes);

    /// <summary>The network for an input shape and a number of classes; by default those it is defined for.</summary>
    /// <exception cref="GpuCnnException">The input is too small, or the classes are not positive.</exception>
    public Network Build(Shape? input = null, int? classes = null)
    {
        int outputs = classes ?? Classes;
        if (outputs < 1) throw new GpuCnnException($"{Name} expects at least 1 class, but got {outputs}.");
        try
        {
            return new(Name, CreateLayers(outputs), input ?? Input);
        }
        catch (GpuCnnException exception) when (input != null)
        {
            throw new GpuCnnException($"{Name} cannot be built for an input of {input}: {exception.Message} Its own input is {Input}.", exception);
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

    /// <summary>The architecture of a name.</summary>
    /// <exception cref="GpuCnnException">There is none; the message lists near names.</exception>
    public static Architecture Find(string name)
    {
        Architecture? found = All.FirstOrDefault(architecture => string.Equals(architecture.Name, name, StringComparison.OrdinalIgnoreCase));
        if (found != null) return found;
        IReadOnlyList<string> near = NearNames.Of(name, All.Select(architecture => architecture.Name));
        throw new GpuCnnException(
            $"There is no model '{name}'; " + (near.Count > 0 ? $"did you mean {string.Join(" or ", near)}?" : $"there are {string.Join(", ", All.Select(architecture => architecture.Name))}.")
            + " gpucnn models lists all.");
    }
}
