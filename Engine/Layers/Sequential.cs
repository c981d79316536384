using System.Collections;
using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Layers one after another. A layer added without a name is named by its position, as in PyTorch, so that parameter paths agree:
/// <c>new Sequential { { "conv1", new Conv2d(6, 5) }, new ReLU() }</c>.
/// </summary>
public sealed class Sequential : Layer, IEnumerable<KeyValuePair<string, Layer>>
{
    private readonly List<KeyValuePair<string, Layer>> _layers = [];

    public void Add(Layer layer) => Add($"{_layers.Count}", layer);

    public void Add(string name, Layer layer)
    {
        if (_layers.Any(existing => existing.Key == name))
            throw new ArgumentException($"Sequential already has a layer named '{name}'.", nameof(name));
        _layers.Add(new(name, layer));
    }

    public override Value Build(Graph graph, Value input, string path)
    {
        foreach ((string name, Layer layer) in _layers) input = layer.Build(graph, input, Join(path, name));
        return input;
    }

    public IEnumerator<KeyValuePair<string, Layer>> GetEnumerator() => _layers.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
