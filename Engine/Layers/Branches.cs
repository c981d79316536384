using System.Collections;
using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Runs layers side by side on the same input and concatenates their outputs along depth, in the order they were added: an inception module
/// (Szegedy et al., 2014, https://arxiv.org/abs/1409.4842).
/// </summary>
public sealed class Branches : Layer, IEnumerable<KeyValuePair<string, Layer>>
{
    private readonly List<KeyValuePair<string, Layer>> _branches = [];

    /// <param name="name">The branch's part of paths: <c>branch1</c>.</param>
    public void Add(string name, Layer branch)
    {
        if (_branches.Any(existing => existing.Key == name))
            throw new ArgumentException($"Branches already has a branch named '{name}'.", nameof(name));
        _branches.Add(new(name, branch));
    }

    public override Value Build(Graph graph, Value input, string path)
    {
        Value[] outputs = [.. _branches.Select(branch => branch.Value.Build(graph, input, Join(path, branch.Key)))];
        return graph.Add(new Concat(), outputs, Join(path, "concat"));
    }

    public IEnumerator<KeyValuePair<string, Layer>> GetEnumerator() => _branches.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
