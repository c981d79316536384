static __device__ __forceinline__ bool gcnn_is_nan(float x)
{
    return x != x;
}

typedef struct
{
    float _slope;
} Bent;

typedef struct
{
    float width;
    float height;
    float _margin;
    float Size;
    float Perimeter;
} Area;

typedef struct
{
    float Value;
} Plain;

typedef struct
{
    float _scale;
    float Value;
    float Slope;
    float HalfSlope;
} Dual;

static __device__ __forceinline__ Plain Plain_Zero(void)
{
    return Plain{0.0f};
}

static __device__ __forceinline__ bool Plain_GreaterThan(Plain a, Plain b)
{
    return a.Value > b.Value;
}

static __device__ __forceinline__ Plain INumeric_Max(Plain a, Plain b)
{
    return Plain_GreaterThan(a, b) ? a : b;
}

static __device__ __forceinline__ Plain Plain_Multiply(Plain a, Plain b)
{
    return Plain{a.Value * b.Value};
}

static __device__ __forceinline__ Plain Plain_Addition(Plain a, Plain b)
{
    return Plain{a.Value + b.Value};
}

static __device__ __forceinline__ Plain INumeric_Twice(Plain a)
{
    return Plain_Addition(a, a);
}

static __device__ __forceinline__ Plain Plain_Implicit(float value)
{
    return Plain{value};
}

static __device__ __forceinline__ bool Plain_LessThan(Plain a, Plain b)
{
    return a.Value < b.Value;
}

static __device__ __forceinline__ Plain Plain_Subtraction(Plain a, Plain b)
{
    return Plain{a.Value - b.Value};
}

static __device__ __forceinline__ Plain Bent_Tripled_Plain(Plain x)
{
    return Plain_Addition(INumeric_Twice(x), x);
}

static __device__ __forceinline__ Plain Bent_Of_Plain(Bent This, Plain x)
{
    Plain sum = INumeric_Max(Plain_Zero(), x);
    sum = Plain_Multiply(sum, sum);
    sum = Plain_Multiply(INumeric_Twice(sum), Plain_Implicit(This._slope));
    if (Plain_LessThan(x, Plain{}))
        sum = Plain_Subtraction(sum, Plain_Implicit(0.0f));
    return Plain_Addition(sum, Bent_Tripled_Plain(x));
}

static __device__ __forceinline__ float Plain_Explicit(Plain plain)
{
    return plain.Value;
}

static __device__ __forceinline__ Dual Dual_New(float value, float slope)
{
    Dual This = Dual{2.0f, 0.0f, 0.0f, 0.0f};
    if (gcnn_is_nan(value))
    {
        This.Value = -1.0f;
        return This;
    }
    This.Value = value;
    This.Slope = slope;
    return This;
}

static __device__ __forceinline__ Dual Dual_New_2(float value)
{
    Dual This = Dual_New(value, 0.0f);
    This.HalfSlope = This.Slope / This._scale;
    return This;
}

static __device__ __forceinline__ Dual Dual_Zero(void)
{
    return Dual_New_2(0.0f);
}

static __device__ __forceinline__ bool Dual_GreaterThan(Dual a, Dual b)
{
    return a.Value > b.Value;
}

static __device__ __forceinline__ Dual INumeric_Max_2(Dual a, Dual b)
{
    return Dual_GreaterThan(a, b) ? a : b;
}

static __device__ __forceinline__ Dual Dual_Multiply(Dual a, Dual b)
{
    return Dual_New(a.Value * b.Value, a.Slope * b.Value + a.Value * b.Slope);
}

static __device__ __forceinline__ Dual Dual_Twice(Dual a)
{
    return Dual_Multiply(Dual_New(2.0f, 0.0f), a);
}

static __device__ __forceinline__ Dual Dual_Implicit(float value)
{
    return Dual_New_2(value);
}

static __device__ __forceinline__ bool Dual_LessThan(Dual a, Dual b)
{
    return a.Value < b.Value;
}

static __device__ __forceinline__ Dual Dual_Subtraction(Dual a, Dual b)
{
    return Dual_New(a.Value - b.Value, a.Slope - b.Slope);
}

static __device__ __forceinline__ Dual Dual_Addition(Dual a, Dual b)
{
    return Dual_New(a.Value + b.Value, a.Slope + b.Slope);
}

static __device__ __forceinline__ Dual Bent_Tripled_Dual(Dual x)
{
    return Dual_Addition(Dual_Twice(x), x);
}

static __device__ __forceinline__ Dual Bent_Of_Dual(Bent This, Dual x)
{
    Dual sum = INumeric_Max_2(Dual_Zero(), x);
    sum = Dual_Multiply(sum, sum);
    sum = Dual_Multiply(Dual_Twice(sum), Dual_Implicit(This._slope));
    if (Dual_LessThan(x, Dual{}))
        sum = Dual_Subtraction(sum, Dual_Implicit(0.0f));
    return Dual_Addition(sum, Bent_Tripled_Dual(x));
}

static __device__ __forceinline__ float Dual_FullSlope(Dual This)
{
    return This.HalfSlope > 0.0f ? This.HalfSlope * This._scale : This.Slope;
}

static __device__ __forceinline__ Area Area_New(float width, float height)
{
    return Area{width, height, 0.25f, width * height, 2.0f * (width + height)};
}

static __device__ __forceinline__ float Area_WithMargin(Area This)
{
    return (This.width + This._margin) * This.height;
}

extern "C" __global__ void __launch_bounds__(GROUP_SIZE_X * GROUP_SIZE_Y * GROUP_SIZE_Z) Derivatives_Bent(
    const float* __restrict__ x,
    float* __restrict__ values,
    float* __restrict__ slopes,
    float* __restrict__ areas,
    Bent formula,
    Area given)
{
    int i = (int)(blockIdx.x * GROUP_SIZE_X + threadIdx.x);
    values[i] = Plain_Explicit(Bent_Of_Plain(formula, Plain{x[i]}));
    Dual dual = Bent_Of_Dual(formula, Dual_New(x[i], 1.0f));
    slopes[i] = Dual_FullSlope(dual) + Dual_New(__int_as_float(0xffc00000), 3.0f).Value + 1.0f;
    Area area = Area_New(x[i], (float)i);
    areas[i] = area.Size + 100.0f * area.Perimeter + 10000.0f * Area_WithMargin(area) + given.Size - Area_WithMargin(given) * given.Perimeter;
}
