using GpuCnn.Engine.Graphs;

namespace GpuCnn.Engine.Plans;

/// <summary>A range of the floats of all trained parameters, for one parameter or several adjacent ones.</summary>
/// <param name="First">Index of the first float.</param>
/// <param name="Count">Floats, a multiple of 64; padding is zero and has a gradient of zero.</param>
/// <param name="IsVector">Whether all its parameters are vectors: biases, and the scales of norms.</param>
public readonly record struct ParameterRange(long First, long Count, bool IsVector);

/// <summary>
/// Orders the parameters of a network in one run of floats: first those that weight decay always applies to, then vectors (biases and the
/// scales of norms), then untrained ones. So parameters that an optimizer treats alike form one range.
/// </summary>
public sealed class ParameterOrder
{
    private readonly Dictionary<Parameter, long> _offsets = [];

    /// <param name="countOf">Returns the floats that a parameter takes as stored.</param>
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

    /// <summary>The range of each trained parameter, in storage order.</summary>
    public IReadOnlyList<ParameterRange> Tensors { get; }

    /// <summary>All trained parameters; empty if there are none.</summary>
    public ParameterRange Whole => new(0, Trained, IsVector: Matrices == 0);

    /// <summary>End of the trained parameters with more than one dimension.</summary>
    internal long Matrices { get; }

    /// <summary>End of the trained parameters.</summary>
    internal long Trained { get; }

    /// <summary>Floats of the weights; gradients and each slot have the same number.</summary>
    internal long Count { get; }

    /// <summary>Floats of the state, which is stored separately.</summary>
    internal long StateCount { get; }

    /// <summary>Returns the trained parameters in as few ranges as their weight decay allows, with the decay of each.</summary>
    public IEnumerable<(ParameterRange Range, float Decay)> DecayRanges(float weightDecay, bool decaysVectors)
    {
        if (decaysVectors || weightDecay == 0) return Trained == 0 ? [] : [(Whole, weightDecay)];
        (ParameterRange Range, float Decay)[] ranges =
            [(new(0, Matrices, false), weightDecay), (new(Matrices, Trained - Matrices, true), 0)];
        return ranges.Where(part => part.Range.Count > 0);
    }

    /// <summary>Returns the index of a parameter's first float in the weights, or in the state if it is state.</summary>
    internal long OffsetOf(Parameter parameter) => _offsets[parameter];

    private static long Rounded(int count) => MemoryPlan.RoundUp(4L * count) / 4;

    private static bool IsVector(Parameter parameter) => parameter.Spec.Dimensions.Count == 1;
}
