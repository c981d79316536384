using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>A range of the floats of all trained parameters: of one or of several that lie one after another.</summary>
/// <param name="First">Floats before it.</param>
/// <param name="Count">Floats, a multiple of 64; those that stand for no weight are zero and have a gradient of zero.</param>
/// <param name="IsVector">Whether it holds vectors alone: biases, and the scales of norms.</param>
public readonly record struct ParameterRange(long First, long Count, bool IsVector);

/// <summary>
/// Where the parameters of a network lie in a run of floats: first those that weight decay always applies to, then vectors (biases, and
/// the scales of norms), then those that are not trained. Parameters that an optimizer treats alike are one range.
/// </summary>
public sealed class ParameterOrder
{
    private readonly Dictionary<Parameter, long> _offsets = [];

    /// <param name="countOf">Floats that a parameter takes as stored.</param>
    internal ParameterOrder(Network network, Func<Parameter, int> countOf)
    {
        Matrices = Place(network.Learned.Where(parameter => parameter.IsTrained && !IsVector(parameter)), 0);
        Trained = Place(network.Learned.Where(parameter => parameter.IsTrained && IsVector(parameter)), Matrices);
        Count = Place(network.Learned.Where(parameter => !parameter.IsTrained), Trained);
        StateCount = Place(network.Parameters.Where(parameter => parameter.IsState), 0);
        Tensors =
        [
            .. network.Learned.Where(parameter => parameter.IsTrained)
                .Select(parameter => new ParameterRange(_offsets[parameter], Rounded(countOf(parameter)), IsVector(parameter)))
                .OrderBy(range => range.First),
        ];

        long Place(IEnumerable<Parameter> parameters, long offset)
        {
            foreach (Parameter parameter in parameters)
            {
                _offsets.Add(parameter, offset);
                offset += Rounded(countOf(parameter));
            }
            return offset;
        }
    }

    /// <summary>The range of each trained parameter, in the order in which they lie.</summary>
    public IReadOnlyList<ParameterRange> Tensors { get; }

    /// <summary>Where the trained parameters of more than one dimension end.</summary>
    internal long Matrices { get; }

    /// <summary>Where the trained parameters end.</summary>
    internal long Trained { get; }

    /// <summary>Floats of weights, and as many of gradients and of each slot.</summary>
    internal long Count { get; }

    /// <summary>Floats of state, which lies apart.</summary>
    internal long StateCount { get; }

    /// <summary>The trained parameters in as few ranges as their weight decay allows, with the decay of each.</summary>
    public IEnumerable<(ParameterRange Range, float Decay)> DecayRanges(float weightDecay, bool decaysVectors)
    {
        if (decaysVectors || weightDecay == 0) return Trained == 0 ? [] : [(new(0, Trained, IsVector: Matrices == 0), weightDecay)];
        (ParameterRange Range, float Decay)[] ranges = [(new(0, Matrices, false), weightDecay), (new(Matrices, Trained - Matrices, true), 0)];
        return ranges.Where(part => part.Range.Count > 0);
    }

    /// <summary>Floats before a parameter among the weights, or, of state, among the state.</summary>
    internal long OffsetOf(Parameter parameter) => _offsets[parameter];

    private static long Rounded(int count) => MemoryPlan.RoundUp(4L * count) / 4;

    private static bool IsVector(Parameter parameter) => parameter.Spec.Dimensions.Count == 1;
}
