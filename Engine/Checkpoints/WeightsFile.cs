using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Engine.Checkpoints;

/// <summary>Loads weights from a file into a network.</summary>
public static class WeightsFile
{
    private const int NamesShown = 10;
    private const char SlotSeparator = ':';

    /// <summary>Returns the name of a tensor in an optimizer's slot: "velocity:conv1.weight".</summary>
    public static string StateName(string slot, string path) => $"{slot}{SlotSeparator}{path}";

    /// <summary>Whether a tensor of a file belongs to an optimizer and is not a weight.</summary>
    public static bool IsState(string name) => name.Contains(SlotSeparator, StringComparison.Ordinal);

    /// <summary>Sets every parameter from the file. Changes nothing unless all fit.</summary>
    /// <param name="except">Paths of parameters to keep as they are; the file's tensors for them are ignored.</param>
    /// <exception cref="GpuCnnException">Tensors are missing, unexpected or of wrong dimensions; the message lists the first
    /// ten.</exception>
    public static void LoadInto(ParameterStore parameters, ModelFile file, string path, IReadOnlyCollection<string>? except = null)
    {
        foreach (Parameter parameter in Check(parameters.Network, file, path, except))
            parameters.SetWeights(parameter, file.Tensors[parameter.Path]);
    }

    /// <summary>Checks that the tensors of a file match a network, and returns the parameters that the file has.</summary>
    /// <param name="except">Paths of parameters that the file may lack; its tensors for them are ignored.</param>
    /// <exception cref="GpuCnnException">
    /// Tensors are missing, unexpected or of wrong dimensions; the message lists the first ten.
    /// </exception>
    public static IReadOnlyList<Parameter> Check(
        Network network, ModelFile file, string path, IReadOnlyCollection<string>? except = null)
    {
        if (file.Metadata.Model != network.Name)
            throw new OtherModelException(
                $"{path} holds weights of {file.Metadata.Model}, but {network.Name} was asked for.", file.Metadata.Model);
        var problems = new List<string>();
        HashSet<string> kept = [.. except ?? []];
        Parameter[] wanted = [.. network.Parameters.Where(parameter => !kept.Contains(parameter.Path))];
        foreach (Parameter parameter in wanted)
        {
            if (!file.Tensors.TryGetValue(parameter.Path, out Tensor? tensor)) problems.Add($"{parameter.Path} is missing");
            else if (!tensor.HasDimensions(parameter.Spec.Dimensions))
                problems.Add($"{parameter.Path} is {tensor} instead of [{string.Join(", ", parameter.Spec.Dimensions)}]");
        }
        var known = network.Parameters.Select(parameter => parameter.Path).ToHashSet();
        problems.AddRange(
            file.Tensors.Keys.Where(name => !known.Contains(name) && !IsState(name)).Select(name => $"{name} is not part of it"));
        if (problems.Count > 0)
            throw new GpuCnnException(
                $"{path} does not fit {network.Name} for {network.Input} and {network.Output.Shape} outputs: "
                + string.Join("; ", problems.Take(NamesShown))
                + (problems.Count > NamesShown ? $"; and {problems.Count - NamesShown} more." : "."));
        return wanted;
    }
}
